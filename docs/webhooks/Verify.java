import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

import static java.nio.charset.StandardCharsets.UTF_8;

/**
 * Verifies a message of Payment Hub. With the header as argument and the body on standard
 * input it prints the event's id, or "invalid" and ends with 1:
 * WEBHOOK_SECRET=whsec_… java Verify.java "$X_AMICA_SIGNATURE" &lt; body.json
 */
public final class Verify {
    // docs:begin
    static final long TOLERANCE = 300; // seconds

    // verify returns the JSON of a message's event, for the parser of your choice, or
    // throws. header is X-AMICA-Signature; body is the bytes that came: parsed and written
    // again, they would have another signature.
    static String verify(String header, byte[] body, String secret, Instant now) throws GeneralSecurityException {
        String timestamp = "";
        List<String> signatures = new ArrayList<>();
        for (String part : header == null ? new String[0] : header.split(",")) {
            if (part.startsWith("t=")) {
                timestamp = part.substring(2);
            } else if (part.startsWith("v1=")) {
                signatures.add(part.substring(3));
            }
        }
        if (!timestamp.matches("[0-9]{1,12}") || Math.abs(now.getEpochSecond() - Long.parseLong(timestamp)) > TOLERANCE) {
            throw new GeneralSecurityException("The timestamp is missing or too far from now.");
        }
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(secret.getBytes(UTF_8), "HmacSHA256"));
        mac.update((timestamp + ".").getBytes(UTF_8));
        byte[] expected = HexFormat.of().formatHex(mac.doFinal(body)).getBytes(UTF_8);
        for (String signature : signatures) {
            if (MessageDigest.isEqual(expected, signature.getBytes(UTF_8))) {
                return new String(body, UTF_8);
            }
        }
        throw new GeneralSecurityException("No signature is genuine.");
    }
    // docs:end

    public static void main(String[] args) throws Exception {
        try {
            String event = verify(args[0], System.in.readAllBytes(), System.getenv("WEBHOOK_SECRET"), Instant.now());
            Matcher id = Pattern.compile("\"id\":\"(evt_[0-9A-Z]+)\"").matcher(event);
            System.out.println(id.find() ? id.group(1) : "");
        } catch (GeneralSecurityException e) {
            System.out.println("invalid");
            System.exit(1);
        }
    }
}
