import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Base64;

/** Signs as Zalo's Java SDK does: the terms joined as a text, its UTF-8 bytes, SHA-256, in hex. */
public class MacUtils {
    static String buildMac(String appId, String data, String timeStamp, String secretKey)
            throws Exception {
        String joined = appId + data + timeStamp + secretKey;
        byte[] digest = MessageDigest.getInstance("SHA-256")
                .digest(joined.getBytes(StandardCharsets.UTF_8));
        StringBuilder hex = new StringBuilder();
        for (byte each : digest) {
            hex.append(String.format("%02x", each));
        }
        return hex.toString();
    }

    /** Reads lines of four Base64 terms and writes a signature for each. */
    public static void main(String[] arguments) throws Exception {
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
        for (String line; (line = lines.readLine()) != null; ) {
            String[] terms = line.split(" ");
            for (int each = 0; each < terms.length; each++) {
                terms[each] = new String(
                        Base64.getDecoder().decode(terms[each]), StandardCharsets.UTF_8);
            }
            System.out.println(buildMac(terms[0], terms[1], terms[2], terms[3]));
        }
    }
}
