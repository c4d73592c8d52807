import de.gematik.pki.gemlibpki.certificate.CertificateProfile;
import de.gematik.pki.gemlibpki.certificate.TucPki018Verifier;
import de.gematik.pki.gemlibpki.exception.GemPkiException;
import de.gematik.pki.gemlibpki.ocsp.TucPki006OcspVerifier;
import de.gematik.pki.gemlibpki.tsl.TslConverter;
import de.gematik.pki.gemlibpki.tsl.TslInformationProvider;
import de.gematik.pki.gemlibpki.tsl.TspService;
import de.gematik.pki.gemlibpki.tsl.TucPki001Verifier;
import java.io.ByteArrayInputStream;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.Security;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.ZonedDateTime;
import java.util.List;
import org.bouncycastle.cert.ocsp.OCSPResp;
import org.bouncycastle.jce.provider.BouncyCastleProvider;

/**
 * Asks gemLibPki for its verdicts over a folder. cases.tsv has one case a line: kind, name, and the files it is about;
 * verdicts.tsv gets a line for each: name, and "accepted" or what gemLibPki has thrown.
 */
public final class Verdicts {
  private static final String PRODUCT = "ti-adapter";

  private final Path folder;
  private final List<TspService> services;
  private final ZonedDateTime now;

  private Verdicts(final Path folder, final String now) throws Exception {
    this.folder = folder;
    this.now = ZonedDateTime.parse(now);
    this.services = new TslInformationProvider(TslConverter.bytesToTslUnsigned(read("trusted.xml"))).getTspServices();
  }

  public static void main(final String[] arguments) throws Exception {
    Security.addProvider(new BouncyCastleProvider());
    final Verdicts verdicts = new Verdicts(Path.of(arguments[0]), arguments[1]);
    final StringBuilder told = new StringBuilder();
    for (final String line : Files.readAllLines(verdicts.folder.resolve("cases.tsv"))) {
      final String[] parts = line.split("\t");
      told.append(parts[1]).append('\t').append(verdicts.verdict(parts)).append('\n');
    }
    Files.writeString(verdicts.folder.resolve("verdicts.tsv"), told);
  }

  private String verdict(final String[] parts) {
    try {
      switch (parts[0]) {
        case "card" -> certificate(parts[2]);
        case "answer" -> answer(parts[2], parts[3]);
        case "list" -> list(parts[2]);
        default -> throw new IllegalArgumentException(parts[0]);
      }
      return "accepted";
    } catch (final GemPkiException refused) {
      return refused.getError() == null ? refused.getClass().getSimpleName() : refused.getError().name();
    } catch (final Exception refused) {
      return refused.getClass().getSimpleName();
    }
  }

  private void certificate(final String file) throws Exception {
    TucPki018Verifier.builder()
        .productType(PRODUCT)
        .tspServiceList(services)
        .certificateProfiles(List.of(CertificateProfile.CERT_PROFILE_C_HCI_AUT_ECC))
        .withOcspCheck(false)
        .build()
        .performTucPki018Checks(readCertificate(file), now);
  }

  private void answer(final String certificate, final String answer) throws Exception {
    TucPki006OcspVerifier.builder()
        .productType(PRODUCT)
        .tspServiceList(services)
        .eeCert(readCertificate(certificate))
        .ocspResponse(new OCSPResp(read(answer)))
        .build()
        .performTucPki006Checks(now);
  }

  private void list(final String file) throws Exception {
    TucPki001Verifier.builder()
        .productType(PRODUCT)
        .currentTrustedServices(services)
        .currentTslId("ID00005")
        .currentTslSeqNr(BigInteger.valueOf(5))
        .tslToCheck(read(file))
        .withOcspCheck(false)
        .build()
        .performTucPki001Checks();
  }

  private X509Certificate readCertificate(final String file) throws Exception {
    final CertificateFactory factory = CertificateFactory.getInstance("X.509", BouncyCastleProvider.PROVIDER_NAME);
    return (X509Certificate) factory.generateCertificate(new ByteArrayInputStream(read(file)));
  }

  private byte[] read(final String file) throws Exception {
    return Files.readAllBytes(folder.resolve(file));
  }
}
