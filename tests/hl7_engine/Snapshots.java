import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.context.support.ValidationSupportContext;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.hl7.fhir.common.hapi.validation.support.ValidationSupportChain;
import org.hl7.fhir.instance.model.api.IBaseResource;
import org.hl7.fhir.r4.model.StructureDefinition;

/** Writes each definition of a folder into another one as JSON, with a snapshot where it has none. */
public final class Snapshots {

  /** Arguments: folder of definitions, folder to fill, and folder of what they may be derived from. */
  public static void main(String[] arguments) throws IOException {
    FhirContext context = FhirContext.forR4();
    ValidationSupportChain known = Validate.known(context, Path.of(arguments[2]));
    for (Path file : Validate.files(Path.of(arguments[0]))) {
      IBaseResource definition = Validate.read(context, file);
      if (definition instanceof StructureDefinition it && !it.hasSnapshot()) {
        definition = Validate.snapshots(context, known)
            .generateSnapshot(new ValidationSupportContext(known), it, it.getUrl(), null, it.getName());
      }
      if (definition instanceof StructureDefinition it && !it.hasSnapshot()) {
        throw new IllegalStateException("no snapshot of " + it.getUrl());
      }
      String name = file.getFileName().toString().replaceFirst("[.]xml$", ".json");
      Files.writeString(Path.of(arguments[1]).resolve(name), context.newJsonParser().encodeResourceToString(definition));
    }
  }
}
