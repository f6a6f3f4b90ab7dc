import java.io.IOException;
import java.io.StringReader;
import java.math.BigInteger;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.MessageDigest;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.security.Signature;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.interfaces.ECPublicKey;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * A member of a hub in Java 17, with the JDK alone: it sends, takes delivery, decides.
 *
 * <pre>API_KEY=... java Client.java HUB MEMBER KEY.pem CERT.pem DOCUMENT.json RECIPIENT</pre>
 *
 * 1. The document is signed as a compact JWS (ES256) and sent; the hub's receipt is checked with its key of GET /v1/trust.
 * 2. What lies in the inbox is checked by the hub's note, kept, and acknowledged, signed.
 * 3. Each certificate among it is accepted: an event, signed.
 *
 * KEY.pem is PKCS#8: openssl pkcs8 -topk8 -nodes -in my.key. The JDK reads no JSON: Json, below, is a reader of 60 lines;
 * with a library of yours leave it out.
 */
public class Client {
    private final HttpClient http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private final String url;
    private final String member;
    private final PrivateKey key;
    private final String kid;
    private Map<String, Object> trust;

    Client(String url, String member, Path key, Path certificate) throws Exception {
        this.url = url;
        this.member = member;
        String pem = Files.readString(key).replaceAll("-----[^-]+-----|\\s", "");
        var spec = new PKCS8EncodedKeySpec(Base64.getDecoder().decode(pem));
        this.key = KeyFactory.getInstance("EC").generatePrivate(spec);
        var point = ((ECPublicKey) certificate(Files.readAllBytes(certificate)).getPublicKey()).getW();
        String jwk = Json.write(new TreeMap<>(Map.of("crv", "P-256", "kty", "EC",
            "x", encode(bytes32(point.getAffineX())), "y", encode(bytes32(point.getAffineY())))));
        this.kid = member + "#" + encode(sha256(jwk.getBytes(StandardCharsets.UTF_8))); // RFC 7638
    }

    public static void main(String[] given) throws Exception {
        new Client(given[0], given[1], Path.of(given[2]), Path.of(given[3])).run(Path.of(given[4]), given[5]);
    }

    void run(Path document, String recipient) throws Exception {
        trust = ask("GET", "/v1/trust", null);
        String token = sign(Files.readAllBytes(document), "document");
        var accepted = ask("POST", "/v1/documents", token, "Tradebridge-To", recipient, "Idempotency-Key", random(16));
        var receipt = saidByHub(text(accepted, "receipt"), "receipt");
        String sent = HexFormat.of().formatHex(sha256(token.getBytes(StandardCharsets.US_ASCII)));
        if (!receipt.get("bytesDigest").equals(sent)) throw new IOException("the receipt is for other bytes");
        System.out.println("sent " + accepted.get("number") + " " + accepted.get("id") + " receipt of " + receipt.get("time"));
        for (Object each : list(ask("GET", "/v1/inbox?wait=20", null), "deliveries")) take(object(each));
    }

    void take(Map<String, Object> delivery) throws Exception {
        var note = saidByHub(text(delivery, "note"), "note");
        byte[] original = Base64.getDecoder().decode(text(delivery, "original"));
        String digest = HexFormat.of().formatHex(sha256(original));
        if (!object(note.get("original")).get("digest").equals(digest) || !note.get("delivery").equals(delivery.get("id")))
            throw new IOException("the note is not of this delivery");
        Files.write(Path.of(note.get("messageId") + ".received"), original);

        var said = new TreeMap<String, Object>(Map.of("delivery", delivery.get("id"), "messageId", note.get("messageId"),
            "digest", digest, "member", member, "time", now()));
        String ack = sign(Json.write(said).getBytes(StandardCharsets.UTF_8), "ack");
        var settled = ask("POST", "/v1/inbox:ack", Json.write(Map.of("acknowledgements", List.of(ack))),
            "Content-Type", "application/json");
        System.out.println("took " + note.get("number") + " from " + note.get("sender") + " "
            + object(list(settled, "results").get(0)).get("status"));
        if (!note.get("profile").equals("tradebridge-event/1")) decide(note);
    }

    void decide(Map<String, Object> note) throws Exception {
        String path = "/v1/documents/" + note.get("documentId");
        var summary = ask("GET", path + "/summary", null);
        var standing = object(object(summary.get("recipients")).get(member));
        var event = new TreeMap<String, Object>(Map.of(
            "id", "evt_" + random(13),
            "type", "accepted",
            "document", new TreeMap<>(Map.of("id", note.get("documentId"), "contentDigest", summary.get("contentDigest"))),
            "recipient", member,
            "expectedSequence", standing.get("sequence"),
            "actor", new TreeMap<>(Map.of("member", member, "person", "Officer 1", "role", "officer")),
            "at", now()));
        var decided = ask("POST", path + "/events", sign(Json.write(event).getBytes(StandardCharsets.UTF_8), "event"));
        saidByHub(text(decided, "receipt"), "receipt");
        System.out.println("decided " + note.get("number") + " " + decided.get("state"));
    }

    // --- signatures ---

    String sign(byte[] payload, String kind) throws Exception {
        String header = Json.write(Map.of("alg", "ES256", "typ", "tradebridge-" + kind + "+jws", "kid", kid,
            "iat", Instant.now().getEpochSecond()));
        String input = encode(header.getBytes(StandardCharsets.UTF_8)) + "." + encode(payload);
        var signature = Signature.getInstance("SHA256withECDSAinP1363Format");
        signature.initSign(key);
        signature.update(input.getBytes(StandardCharsets.US_ASCII));
        return input + "." + encode(signature.sign());
    }

    /** The payload of what the hub signed; throws if it did not. */
    Map<String, Object> saidByHub(String token, String kind) throws Exception {
        String[] parts = token.split("\\.");
        var stated = object(Json.read(new String(Base64.getUrlDecoder().decode(parts[0]), StandardCharsets.UTF_8)));
        for (Object each : list(object(trust.get("hub")), "keys")) {
            var found = object(each);
            boolean fits = found.get("kid").equals(stated.get("kid")) && list(found, "purposes").contains(kind);
            if (!fits || !stated.get("typ").equals("tradebridge-" + kind + "+jws")) continue;
            var signature = Signature.getInstance("SHA256withECDSAinP1363Format");
            signature.initVerify(certificate(text(found, "certificate").getBytes(StandardCharsets.US_ASCII)));
            signature.update((parts[0] + "." + parts[1]).getBytes(StandardCharsets.US_ASCII));
            if (!signature.verify(Base64.getUrlDecoder().decode(parts[2]))) break;
            return object(Json.read(new String(Base64.getUrlDecoder().decode(parts[1]), StandardCharsets.UTF_8)));
        }
        throw new IOException("this is no " + kind + " of the hub: " + stated);
    }

    // --- HTTP ---

    Map<String, Object> ask(String method, String path, String body, String... headers) throws Exception {
        var publisher = body == null ? HttpRequest.BodyPublishers.noBody() : HttpRequest.BodyPublishers.ofString(body);
        var request = HttpRequest.newBuilder(URI.create(url + path)).method(method, publisher)
            .header("Authorization", "Bearer " + System.getenv("API_KEY"));
        if (headers.length > 0) request.headers(headers);
        var answer = http.send(request.build(), HttpResponse.BodyHandlers.ofString());
        if (answer.statusCode() >= 400) throw new IOException(path + " answered " + answer.statusCode() + ": " + answer.body());
        return object(Json.read(answer.body()));
    }

    // --- small things ---

    static X509Certificate certificate(byte[] pem) throws Exception {
        return (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(new java.io.ByteArrayInputStream(pem));
    }

    static byte[] sha256(byte[] data) throws Exception {
        return MessageDigest.getInstance("SHA-256").digest(data);
    }

    static String encode(byte[] data) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(data);
    }

    static byte[] bytes32(BigInteger number) {
        return HexFormat.of().parseHex(String.format("%064x", number));
    }

    static String random(int bytes) {
        byte[] drawn = new byte[bytes];
        new SecureRandom().nextBytes(drawn);
        return HexFormat.of().formatHex(drawn);
    }

    static String now() {
        return Instant.now().truncatedTo(ChronoUnit.MILLIS).toString();
    }

    @SuppressWarnings("unchecked")
    static Map<String, Object> object(Object value) {
        return (Map<String, Object>) value;
    }

    @SuppressWarnings("unchecked")
    static List<Object> list(Map<String, Object> of, String name) {
        return (List<Object>) of.get(name);
    }

    static String text(Map<String, Object> of, String name) {
        return (String) of.get(name);
    }

    /** JSON, as far as it is needed here: numbers are whole. */
    static final class Json {
        private final StringReader in;
        private int next;

        private Json(String text) throws IOException {
            in = new StringReader(text);
            next = in.read();
        }

        static Object read(String text) throws IOException {
            return new Json(text).value();
        }

        static String write(Object value) {
            if (value instanceof Map<?, ?> map) {
                var members = new ArrayList<String>();
                map.forEach((name, each) -> members.add(write(name) + ":" + write(each)));
                return "{" + String.join(",", members) + "}";
            }
            if (value instanceof List<?> list) return "[" + String.join(",", list.stream().map(Json::write).toList()) + "]";
            if (!(value instanceof String text)) return String.valueOf(value);
            return "\"" + text.replace("\\", "\\\\").replace("\"", "\\\"") + "\"";
        }

        private Object value() throws IOException {
            skip();
            if (next == '{') {
                var map = new TreeMap<String, Object>();
                for (step(); next != '}'; separator()) {
                    String name = string();
                    separator();
                    map.put(name, value());
                }
                step();
                return map;
            }
            if (next == '[') {
                var list = new ArrayList<Object>();
                for (step(); next != ']'; separator()) list.add(value());
                step();
                return list;
            }
            if (next == '"') return string();
            var word = new StringBuilder();
            for (; next > ' ' && ",:]}".indexOf(next) < 0; next = in.read()) word.append((char) next);
            return switch (word.toString()) {
                case "null" -> null;
                case "true" -> true;
                case "false" -> false;
                default -> word.indexOf(".") < 0 ? (Object) Long.valueOf(word.toString()) : Double.valueOf(word.toString());
            };
        }

        private String string() throws IOException {
            var text = new StringBuilder();
            for (next = in.read(); next != '"'; next = in.read()) {
                if (next != '\\') {
                    text.append((char) next);
                    continue;
                }
                int escaped = in.read();
                int place = "bfnrt".indexOf(escaped);
                if (escaped == 'u') {
                    char[] digits = new char[4];
                    for (int at = 0; at < 4; at++) digits[at] = (char) in.read();
                    text.append((char) Integer.parseInt(new String(digits), 16));
                } else text.append(place < 0 ? (char) escaped : "\b\f\n\r\t".charAt(place));
            }
            step();
            return text.toString();
        }

        private void separator() throws IOException {
            if (next == ',' || next == ':') step();
        }

        private void step() throws IOException {
            next = in.read();
            skip();
        }

        private void skip() throws IOException {
            while (next == ' ' || next == '\n' || next == '\r' || next == '\t') next = in.read();
        }
    }
}
