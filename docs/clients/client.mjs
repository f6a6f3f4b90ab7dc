// A member of a hub in JavaScript, with node (18 or newer) and no package: it sends, takes delivery, decides.
//
//     API_KEY=... node client.mjs HUB MEMBER KEY.pem CERT.pem DOCUMENT.json RECIPIENT
//
// 1. The document is signed as a compact JWS (ES256) and sent; the hub's receipt is checked with its key of GET /v1/trust.
// 2. What lies in the inbox is checked by the hub's note, kept, and acknowledged, signed.
// 3. Each certificate among it is accepted: an event, signed.
import { createHash, createPrivateKey, createPublicKey, randomBytes, sign, verify, X509Certificate } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";

const [url, member, keyFile, , documentFile, recipient] = process.argv.slice(2);
const key = createPrivateKey(readFileSync(keyFile));
const sha256 = (data) => createHash("sha256").update(data).digest();
const encode = (data) => Buffer.from(data).toString("base64url");
const now = () => new Date().toISOString();

// RFC 8785, of members that are text and whole numbers.
function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const members = Object.keys(value).sort().map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`);
  return `{${members.join(",")}}`;
}

// The key's name is MEMBER#THUMBPRINT (RFC 7638).
const { crv, kty, x, y } = createPublicKey(key).export({ format: "jwk" });
const kid = `${member}#${encode(sha256(canonical({ crv, kty, x, y })))}`;

function signed(payload, kind) {
  const header = { alg: "ES256", typ: `tradebridge-${kind}+jws`, kid, iat: Math.floor(Date.now() / 1000) };
  const input = `${encode(JSON.stringify(header))}.${encode(payload)}`;
  return `${input}.${encode(sign("sha256", Buffer.from(input), { key, dsaEncoding: "ieee-p1363" }))}`;
}

// The payload of what the hub signed; throws if it did not.
function saidByHub(token, kind, trust) {
  const [header, payload, signature] = token.split(".");
  const stated = JSON.parse(Buffer.from(header, "base64url"));
  const found = trust.hub.keys.find((each) => each.kid === stated.kid && each.purposes.includes(kind));
  if (!found || stated.typ !== `tradebridge-${kind}+jws`) throw new Error(`this is no ${kind} of the hub`);
  const hubKey = { key: new X509Certificate(found.certificate).publicKey, dsaEncoding: "ieee-p1363" };
  const holds = verify("sha256", Buffer.from(`${header}.${payload}`), hubKey, Buffer.from(signature, "base64url"));
  if (!holds) throw new Error(`the signature of this ${kind} does not match`);
  return JSON.parse(Buffer.from(payload, "base64url"));
}

async function ask(path, options = {}) {
  const headers = { Authorization: `Bearer ${process.env.API_KEY}`, ...options.headers };
  const answer = await fetch(url + path, { ...options, headers });
  if (!answer.ok) throw new Error(`${path} answered ${answer.status}: ${await answer.text()}`);
  return answer.json();
}

const trust = await ask("/v1/trust");

const token = signed(readFileSync(documentFile), "document");
const headers = { "Tradebridge-To": recipient, "Idempotency-Key": randomBytes(16).toString("hex") };
const accepted = await ask("/v1/documents", { method: "POST", body: token, headers });
const receipt = saidByHub(accepted.receipt, "receipt", trust);
if (receipt.bytesDigest !== sha256(token).toString("hex")) throw new Error("the receipt is for other bytes");
console.log("sent", accepted.number, accepted.id, "receipt of", receipt.time);

for (const delivery of (await ask("/v1/inbox?wait=20")).deliveries) {
  const note = saidByHub(delivery.note, "note", trust);
  const original = Buffer.from(delivery.original, "base64");
  const digest = sha256(original).toString("hex");
  if (note.original.digest !== digest || note.delivery !== delivery.id) throw new Error("the note is of another delivery");
  writeFileSync(`${note.messageId}.received`, original);

  const said = { delivery: delivery.id, messageId: note.messageId, digest, member, time: now() };
  const acknowledgements = [signed(canonical(said), "ack")];
  const json = { "Content-Type": "application/json" };
  const body = JSON.stringify({ acknowledgements });
  const { results } = await ask("/v1/inbox:ack", { method: "POST", body, headers: json });
  console.log("took", note.number, "from", note.sender, results[0].status);
  if (note.profile === "tradebridge-event/1") continue;

  const summary = await ask(`/v1/documents/${note.documentId}/summary`);
  const event = {
    id: `evt_${randomBytes(13).toString("hex")}`,
    type: "accepted",
    document: { id: note.documentId, contentDigest: summary.contentDigest },
    recipient: member,
    expectedSequence: summary.recipients[member].sequence,
    actor: { member, person: "Officer 1", role: "officer" },
    at: now(),
  };
  const path = `/v1/documents/${note.documentId}/events`;
  const decided = await ask(path, { method: "POST", body: signed(canonical(event), "event") });
  saidByHub(decided.receipt, "receipt", trust);
  console.log("decided", note.number, decided.state);
}
