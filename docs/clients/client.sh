#!/usr/bin/env bash
# A member of a hub in a shell, with curl, openssl, jq and xxd, and xmlsec1 for XML: it sends, takes delivery, decides.
#
#     API_KEY=... ./client.sh HUB MEMBER KEY.pem CERT.pem DOCUMENT RECIPIENT
#
# 1. A document in XML is signed by xmlsec1 as XAdES, one in JSON by openssl as a compact JWS (ES256), and sent; the hub's
#    receipt is checked with its key of GET /v1/trust.
# 2. What lies in the inbox is checked by the hub's note, kept, and acknowledged, signed.
# 3. Each certificate among it is accepted: an event, signed.
set -euo pipefail
url=$1 member=$2 key=$3 certificate=$4 document=$5 recipient=$6
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

encode() { openssl base64 -A | tr '+/' '-_' | tr -d '='; }
decode() { tr -- '-_' '+/' | awk '{ n = length($0) % 4; print $0 (n == 2 ? "==" : n == 3 ? "=" : "") }' | openssl base64 -d -A; }
digest() { openssl dgst -sha256 -r "$1" | cut -d ' ' -f 1; }
ask() { curl --silent --show-error --fail-with-body --noproxy '*' -H "Authorization: Bearer $API_KEY" "$@"; }
now() { date -u +%Y-%m-%dT%H:%M:%SZ; }

# The key's name is MEMBER#THUMBPRINT (RFC 7638); a public key on P-256 in DER ends with x and y.
openssl pkey -in "$key" -pubout -outform DER | tail -c 64 > "$work/xy"
x=$(head -c 32 "$work/xy" | encode) y=$(tail -c 32 "$work/xy" | encode)
thumbprint=$(printf '{"crv":"P-256","kty":"EC","x":"%s","y":"%s"}' "$x" "$y" | openssl dgst -sha256 -binary | encode)

# sign KIND < payload: a compact JWS. openssl writes r and s as DER, a JWS has them as 32 bytes each.
sign() {
  local input
  input=$(printf '{"alg":"ES256","typ":"tradebridge-%s+jws","kid":"%s","iat":%s}' "$1" "$member#$thumbprint" "$(date +%s)" | encode)
  input=$input.$(encode)
  printf %s "$input" | openssl dgst -sha256 -sign "$key" > "$work/der"
  printf '%s.' "$input"
  openssl asn1parse -inform DER -in "$work/der" | sed -n 's/.*INTEGER *://p' |
    while read -r number; do printf '%64s' "$number" | tr ' ' 0; done | xxd -r -p | encode
}

# said_by_hub KIND < token: the payload of what the hub signed.
said_by_hub() {
  local header payload signature kid
  IFS=. read -r header payload signature
  kid=$(decode <<< "$header" | jq -er --arg typ "tradebridge-$1+jws" 'select(.typ == $typ) | .kid')
  jq -er --arg kid "$kid" --arg use "$1" '.hub.keys[] | select(.kid == $kid and any(.purposes[]; . == $use)) | .certificate' \
    "$work/trust" | openssl x509 -pubkey -noout > "$work/hub.pem"
  decode <<< "$signature" | xxd -p -c 64 > "$work/rs"
  printf 'asn1=SEQUENCE:rs\n[rs]\nr=INTEGER:0x%s\ns=INTEGER:0x%s\n' "$(cut -c 1-64 "$work/rs")" "$(cut -c 65- "$work/rs")" > "$work/asn1"
  openssl asn1parse -genconf "$work/asn1" -noout -out "$work/sig"
  printf '%s.%s' "$header" "$payload" | openssl dgst -sha256 -verify "$work/hub.pem" -signature "$work/sig" > /dev/null
  decode <<< "$payload"
}

# sign_xml FILE: the document with an enveloped XAdES. The template says what is signed, xmlsec1 fills in digests and value.
sign_xml() {
  local der certificate_digest c14n=http://www.w3.org/2001/10/xml-exc-c14n# sha=http://www.w3.org/2001/04/xmlenc#sha256
  der=$(openssl x509 -in "$certificate" -outform DER | openssl base64 -A)
  certificate_digest=$(openssl x509 -in "$certificate" -outform DER | openssl dgst -sha256 -binary | openssl base64 -A)
  {
    cat <<XML
<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#" Id="signature"><ds:SignedInfo>
<ds:CanonicalizationMethod Algorithm="$c14n"/>
<ds:SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"/>
<ds:Reference URI=""><ds:Transforms><ds:Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"/>
<ds:Transform Algorithm="$c14n"/></ds:Transforms><ds:DigestMethod Algorithm="$sha"/><ds:DigestValue/></ds:Reference>
<ds:Reference Type="http://uri.etsi.org/01903#SignedProperties" URI="#properties"><ds:Transforms>
<ds:Transform Algorithm="$c14n"/></ds:Transforms><ds:DigestMethod Algorithm="$sha"/><ds:DigestValue/></ds:Reference>
</ds:SignedInfo><ds:SignatureValue/>
<ds:Object><xades:QualifyingProperties xmlns:xades="http://uri.etsi.org/01903/v1.3.2#" Target="#signature">
<xades:SignedProperties Id="properties"><xades:SignedSignatureProperties><xades:SigningTime>$(now)</xades:SigningTime>
<xades:SigningCertificateV2><xades:Cert><xades:CertDigest><ds:DigestMethod Algorithm="$sha"/>
<ds:DigestValue>$certificate_digest</ds:DigestValue></xades:CertDigest></xades:Cert></xades:SigningCertificateV2>
</xades:SignedSignatureProperties></xades:SignedProperties></xades:QualifyingProperties></ds:Object></ds:Signature>
XML
  } | tr -d '\n' > "$work/signature"
  local content value
  content=$(cat "$1")  # the signature goes before the last end tag, which is that of the root
  printf '%s%s</%s' "${content%</*}" "$(cat "$work/signature")" "${content##*</}" > "$work/template.xml"
  content=$(xmlsec1 --sign --privkey-pem "$key" --id-attr:Id http://uri.etsi.org/01903/v1.3.2#:SignedProperties "$work/template.xml")
  # xmlsec1 breaks the value into lines; the hub wants it as it is, and the certificate after it
  value=${content#*<ds:SignatureValue>} value=${value%%</ds:SignatureValue>*}
  printf '%s<ds:SignatureValue>%s</ds:SignatureValue><ds:KeyInfo><ds:X509Data><ds:X509Certificate>%s</ds:X509Certificate></ds:X509Data></ds:KeyInfo>%s\n' \
    "${content%%<ds:SignatureValue>*}" "${value//[[:space:]]/}" "$der" "${content#*</ds:SignatureValue>}"
}

ask "$url/v1/trust" > "$work/trust"
case $document in
  *.xml) sign_xml "$document" > "$work/signed" ;;
  *) sign document < "$document" > "$work/signed" ;;
esac
ask "$url/v1/documents" -H "Tradebridge-To: $recipient" -H "Idempotency-Key: $(openssl rand -hex 16)" \
  --data-binary "@$work/signed" > "$work/accepted"
jq -er .receipt "$work/accepted" | said_by_hub receipt > "$work/receipt"
test "$(jq -er .bytesDigest "$work/receipt")" = "$(digest "$work/signed")"
echo "sent $(jq -r '.number + " " + .id' "$work/accepted") receipt of $(jq -r .time "$work/receipt")"

ask "$url/v1/inbox?wait=20" | jq -c '.deliveries[]' > "$work/inbox"
while read -r delivery; do
  jq -er .note <<< "$delivery" | said_by_hub note > "$work/note"
  jq -er .original <<< "$delivery" | openssl base64 -d -A > "$work/original"
  test "$(jq -er .original.digest "$work/note")" = "$(digest "$work/original")"
  test "$(jq -er .delivery "$work/note")" = "$(jq -er .id <<< "$delivery")"
  message=$(jq -er .messageId "$work/note") id=$(jq -er .documentId "$work/note")
  cp "$work/original" "$message.received"

  ack=$(jq -cSj --arg member "$member" --arg time "$(now)" --arg digest "$(digest "$work/original")" \
    '{delivery, messageId, digest: $digest, member: $member, time: $time}' "$work/note" | sign ack)
  settled=$(ask "$url/v1/inbox:ack" -H "Content-Type: application/json" -d "{\"acknowledgements\":[\"$ack\"]}")
  echo "took $(jq -r '.number + " from " + .sender' "$work/note") $(jq -er '.results[0].status' <<< "$settled")"
  test "$(jq -r .profile "$work/note")" != tradebridge-event/1 || continue

  ask "$url/v1/documents/$id/summary" | jq -cSj --arg member "$member" --arg at "$(now)" --arg id "evt_$(openssl rand -hex 13)" \
    '{id: $id, type: "accepted", document: {id, contentDigest}, recipient: $member, at: $at,
      expectedSequence: .recipients[$member].sequence, actor: {member: $member, person: "Officer 1", role: "officer"}}' |
    sign event > "$work/event"
  ask "$url/v1/documents/$id/events" --data-binary "@$work/event" > "$work/decided"
  jq -er .receipt "$work/decided" | said_by_hub receipt > /dev/null
  echo "decided $(jq -r .number "$work/note") $(jq -r .state "$work/decided")"
done < "$work/inbox"
