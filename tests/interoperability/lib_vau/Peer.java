import de.gematik.vau.lib.AbstractVauStateMachine;
import de.gematik.vau.lib.VauClientStateMachine;
import de.gematik.vau.lib.VauServerStateMachine;
import de.gematik.vau.lib.data.EccKyberKeyPair;
import de.gematik.vau.lib.data.SignedPublicVauKeys;
import de.gematik.vau.lib.data.VauPublicKeys;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.Security;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.Duration;
import java.util.HexFormat;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.pqc.jcajce.provider.BouncyCastlePQCProvider;

/**
 * One end of gematik's VAU protocol, driven line by line: a word and bytes in hexadecimal come in, bytes go out, or
 * "refused" and the name of an exception.
 */
public final class Peer {

  private static final HexFormat HEX = HexFormat.of();

  /** Arguments: "client", or "server" and a folder with certificate.der, key.der and ocsp.der. */
  public static void main(String[] arguments) throws IOException, GeneralSecurityException {
    PrintStream out = System.out;
    System.setOut(System.err);
    Security.addProvider(new BouncyCastleProvider());
    Security.addProvider(new BouncyCastlePQCProvider());
    AbstractVauStateMachine machine =
        arguments[0].equals("client") ? new VauClientStateMachine() : server(Path.of(arguments[1]));
    BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      out.println(answer(machine, line));
      out.flush();
    }
  }

  private static VauServerStateMachine server(Path folder) throws IOException, GeneralSecurityException {
    PKCS8EncodedKeySpec encoded = new PKCS8EncodedKeySpec(Files.readAllBytes(folder.resolve("key.der")));
    PrivateKey key = KeyFactory.getInstance("EC", "BC").generatePrivate(encoded);
    EccKyberKeyPair keys = EccKyberKeyPair.generateRandom();
    VauPublicKeys published = new VauPublicKeys(keys, "lib-vau", Duration.ofDays(30));
    byte[] certificate = Files.readAllBytes(folder.resolve("certificate.der"));
    byte[] ocsp = Files.readAllBytes(folder.resolve("ocsp.der"));
    return new VauServerStateMachine(SignedPublicVauKeys.sign(certificate, key, ocsp, 1, published), keys);
  }

  private static String answer(AbstractVauStateMachine machine, String line) {
    String[] parts = line.split(" ");
    byte[] body = parts.length > 1 ? HEX.parseHex(parts[1]) : new byte[0];
    try {
      return HEX.formatHex(answer(machine, parts[0], body));
    } catch (Exception refused) {
      return "refused " + refused.getClass().getSimpleName();
    }
  }

  private static byte[] answer(AbstractVauStateMachine machine, String word, byte[] body) {
    switch (word) {
      case "encrypt":
        return machine.encryptVauMessage(body);
      case "decrypt":
        return machine.decryptVauMessage(body);
      case "m1":
        return ((VauClientStateMachine) machine).generateMessage1();
      case "m2":
        return ((VauClientStateMachine) machine).receiveMessage2(body);
      case "m4":
        ((VauClientStateMachine) machine).receiveMessage4(body);
        return new byte[0];
      default:
        return ((VauServerStateMachine) machine).receiveMessage(body);
    }
  }
}
