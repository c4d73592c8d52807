import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.context.support.DefaultProfileValidationSupport;
import ca.uhn.fhir.validation.FhirValidator;
import ca.uhn.fhir.validation.SingleValidationMessage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.hl7.fhir.common.hapi.validation.support.CommonCodeSystemsTerminologyService;
import org.hl7.fhir.common.hapi.validation.support.InMemoryTerminologyServerValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.PrePopulatedValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.SnapshotGeneratingValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.ValidationSupportChain;
import org.hl7.fhir.common.hapi.validation.validator.FhirInstanceValidator;
import org.hl7.fhir.instance.model.api.IBaseResource;
import org.hl7.fhir.r4.model.MetadataResource;

/** Prints what the HL7 engine says of each file of a folder: name, severity, place, rule, message, parted by tabs. */
public final class Validate {

  /** Arguments: folder of documents, and folder of a package with our definitions where there is one. */
  public static void main(String[] arguments) throws IOException {
    FhirContext context = FhirContext.forR4();
    FhirValidator validator = validator(context, arguments.length > 1 ? Path.of(arguments[1]) : null);
    for (Path file : files(Path.of(arguments[0]))) {
      for (SingleValidationMessage it : messages(validator, Files.readString(file))) {
        System.out.println(String.join("\t", file.getFileName().toString(), it.getSeverity().getCode(),
            String.valueOf(it.getLocationString()), String.valueOf(it.getMessageId()),
            it.getMessage().replaceAll("\\s+", " ")));
      }
      System.out.println(file.getFileName() + "\tdone\t\t\t");
    }
  }

  private static List<SingleValidationMessage> messages(FhirValidator validator, String text) {
    try {
      return validator.validateWithResult(text).getMessages();
    } catch (RuntimeException unreadable) {
      SingleValidationMessage message = new SingleValidationMessage();
      message.setSeverity(ca.uhn.fhir.validation.ResultSeverityEnum.FATAL);
      message.setMessage(String.valueOf(unreadable.getMessage()));
      return List.of(message);
    }
  }

  private static FhirValidator validator(FhirContext context, Path ours) throws IOException {
    ValidationSupportChain known = known(context, ours);
    FhirInstanceValidator engine = new FhirInstanceValidator(known);
    engine.setWrappedWorkerContext(known, new Context(known));
    engine.setHostApplicationServices(Context.surroundings());
    engine.setValidatorPolicyAdvisor(Context.policy());
    return context.newValidator().registerValidatorModule(engine);
  }

  /** FHIR R4, and the definitions in a folder where there is one; what has no snapshot gets one when it is asked for. */
  static ValidationSupportChain known(FhirContext context, Path ours) throws IOException {
    PrePopulatedValidationSupport definitions = new PrePopulatedValidationSupport(context);
    for (Path file : ours == null ? List.<Path>of() : files(ours)) {
      boolean isResource = file.getFileName().toString().contains("-");
      if (isResource && read(context, file) instanceof MetadataResource it) {
        definitions.addResource(it);
      }
    }
    ValidationSupportChain known = new ValidationSupportChain(definitions,
        new DefaultProfileValidationSupport(context), new CommonCodeSystemsTerminologyService(context),
        new InMemoryTerminologyServerValidationSupport(context));
    known.addValidationSupport(snapshots(context, known));
    return known;
  }

  static SnapshotGeneratingValidationSupport snapshots(FhirContext context, ValidationSupportChain known) {
    return new SnapshotGeneratingValidationSupport(context, new Context(known));
  }

  static IBaseResource read(FhirContext context, Path file) throws IOException {
    boolean isXml = file.getFileName().toString().endsWith(".xml");
    return (isXml ? context.newXmlParser() : context.newJsonParser()).parseResource(Files.readString(file));
  }

  static List<Path> files(Path folder) throws IOException {
    try (Stream<Path> all = Files.walk(folder)) {
      return all.filter(Files::isRegularFile).sorted().toList();
    }
  }
}
