import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.module.SimpleModule;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;
import de.gematik.epa.LibIheXdsMain;
import de.gematik.epa.ihe.model.request.DocumentReplaceRequest;
import de.gematik.epa.ihe.model.request.DocumentSubmissionRequest;
import de.gematik.epa.ihe.model.request.FindRequest;
import de.gematik.epa.ihe.model.request.RetrieveDocumentsRequest;
import de.gematik.epa.ihe.model.simple.InsurantId;
import ihe.iti.xds_b._2007.ObjectFactory;
import ihe.iti.xds_b._2007.ProvideAndRegisterDocumentSetRequestType;
import ihe.iti.xds_b._2007.RetrieveDocumentSetRequestType;
import ihe.iti.xds_b._2007.RetrieveDocumentSetResponseType;
import jakarta.xml.bind.JAXBContext;
import jakarta.xml.bind.JAXBException;
import jakarta.xml.bind.JAXBIntrospector;
import jakarta.xml.bind.Unmarshaller;
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.util.HexFormat;
import java.util.Map;
import oasis.names.tc.ebxml_regrep.xsd.query._3.AdhocQueryRequest;
import oasis.names.tc.ebxml_regrep.xsd.query._3.AdhocQueryResponse;
import oasis.names.tc.ebxml_regrep.xsd.rs._3.RegistryResponseType;

/**
 * gematik's lib-ihe-xds, driven line by line: a word and bytes in hexadecimal come in, bytes go out, or "refused" and
 * the name of an exception. Requests are told as its JSON and go out as XML; all else comes as XML and goes out as JSON.
 */
public final class Peer {

  private static final HexFormat HEX = HexFormat.of();
  private static final String EBXML = "oasis.names.tc.ebxml_regrep.xsd.";
  private static final ObjectFactory ELEMENTS = new ObjectFactory();
  private static final ObjectMapper JSON = new ObjectMapper()
      .registerModule(new JavaTimeModule())
      .registerModule(new SimpleModule().addAbstractTypeMapping(InsurantId.class, Patient.class));

  private final JAXBContext context;

  private Peer() throws JAXBException {
    context = JAXBContext.newInstance(
        String.join(":", "ihe.iti.xds_b._2007", EBXML + "lcm._3", EBXML + "query._3", EBXML + "rim._3", EBXML + "rs._3"));
  }

  /** A patient's number with the OID of whoever gives it. */
  public record Patient(String root, String extension) implements InsurantId {
    @Override
    public String getRoot() {
      return root;
    }

    @Override
    public String getExtension() {
      return extension;
    }
  }

  /** No arguments. */
  public static void main(String[] arguments) throws IOException, JAXBException {
    PrintStream out = System.out;
    System.setOut(System.err);
    Peer peer = new Peer();
    BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      out.println(peer.answer(line));
      out.flush();
    }
  }

  private String answer(String line) {
    String[] parts = line.split(" ");
    try {
      return HEX.formatHex(answer(parts[0], HEX.parseHex(parts[1])));
    } catch (IOException | JAXBException | RuntimeException refused) {
      return "refused " + refused.getClass().getSimpleName();
    }
  }

  private byte[] answer(String word, byte[] body) throws IOException, JAXBException {
    return switch (word) {
      case "provide" -> xml(ELEMENTS.createProvideAndRegisterDocumentSetRequest(
          LibIheXdsMain.convertDocumentSubmissionRequest(JSON.readValue(body, DocumentSubmissionRequest.class))));
      case "replace" -> xml(ELEMENTS.createProvideAndRegisterDocumentSetRequest(
          LibIheXdsMain.convertDocumentReplaceRequest(JSON.readValue(body, DocumentReplaceRequest.class))));
      case "find" -> xml(LibIheXdsMain.convertFindRequest(JSON.readValue(body, FindRequest.class)));
      case "retrieve" -> xml(ELEMENTS.createRetrieveDocumentSetRequest(
          LibIheXdsMain.convertRetrieveDocumentsRequest(JSON.readValue(body, RetrieveDocumentsRequest.class))));
      case "read" -> JSON.writeValueAsBytes(read(JAXBIntrospector.getValue(tree(body))));
      case "again" -> xml(tree(body));
      default -> throw new IllegalArgumentException(word);
    };
  }

  private static Object read(Object message) {
    if (message instanceof ProvideAndRegisterDocumentSetRequestType it) {
      AdhocQueryResponse listed = new AdhocQueryResponse();
      listed.setRegistryObjectList(it.getSubmitObjectsRequest().getRegistryObjectList());
      listed.setStatus("urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Success");
      return Map.of("documents", it.getDocument(),
          "objects", LibIheXdsMain.convertAdhocQueryResponse(listed).registryObjectLists());
    }
    if (message instanceof AdhocQueryResponse it) {
      return LibIheXdsMain.convertAdhocQueryResponse(it);
    }
    if (message instanceof RetrieveDocumentSetResponseType it) {
      return LibIheXdsMain.convertRetrieveDocumentSetResponse(it);
    }
    if (message instanceof RegistryResponseType it) {
      return LibIheXdsMain.convertRegistryResponse(it);
    }
    if (message instanceof RetrieveDocumentSetRequestType || message instanceof AdhocQueryRequest) {
      return message;
    }
    throw new IllegalArgumentException(message.getClass().getName());
  }

  /** Strict: an element or a value that its classes do not know is refused. */
  private Object tree(byte[] xml) throws JAXBException {
    Unmarshaller reader = context.createUnmarshaller();
    reader.setEventHandler(event -> false);
    return reader.unmarshal(new ByteArrayInputStream(xml));
  }

  private byte[] xml(Object message) throws JAXBException {
    ByteArrayOutputStream written = new ByteArrayOutputStream();
    context.createMarshaller().marshal(message, written);
    return written.toByteArray();
  }
}
