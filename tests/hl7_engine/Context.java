import ca.uhn.fhir.context.support.IValidationSupport;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.hl7.fhir.common.hapi.validation.validator.FhirDefaultPolicyAdvisor;
import org.hl7.fhir.common.hapi.validation.validator.FhirInstanceValidator;
import org.hl7.fhir.common.hapi.validation.validator.WorkerContextValidationSupportAdapter;
import org.hl7.fhir.r5.fhirpath.FHIRPathEngine;
import org.hl7.fhir.r5.fhirpath.IHostApplicationServices;
import org.hl7.fhir.r5.model.Base;
import org.hl7.fhir.r5.model.CodeSystem;
import org.hl7.fhir.r5.model.Identifier;
import org.hl7.fhir.r5.model.Resource;
import org.hl7.fhir.r5.terminologies.client.TerminologyClientManager;
import org.hl7.fhir.r5.utils.validation.IValidationPolicyAdvisor;

/**
 * What the engine knows, asked as its later versions ask. The newest layer of HAPI that could be had is older than they
 * are: questions that name a rule for versions, or an identifier, are answered as those without one. What is not marked as
 * an override is asked by 6.9.12 and not yet by 6.9.4.
 */
final class Context extends WorkerContextValidationSupportAdapter {

  private final Map<Class<?>, Object> analyses = new HashMap<>();

  Context(IValidationSupport support) {
    super(support);
  }

  /** What stands outside of a document: nothing. */
  static IHostApplicationServices surroundings() {
    return new FhirInstanceValidator.NullEvaluationContext() {
      @Override
      public Base resolveReference(FHIRPathEngine engine, Object context, String url, Identifier identifier, Base from) {
        return resolveReference(engine, context, url, from);
      }
    };
  }

  /** What is looked at, and what is not: all of it, as ever. */
  static IValidationPolicyAdvisor policy() {
    return new FhirDefaultPolicyAdvisor() {
      public String relativeDatePlaceHolder() {
        return null;
      }
    };
  }

  public TerminologyClientManager getTerminologyClientManager() {
    return null;
  }

  @Override
  public <T extends Resource> T fetchResource(Class<T> kind, String uri, VersionResolutionRules rules) {
    return fetchResource(kind, uri);
  }

  @Override
  public <T extends Resource> T fetchResource(
      Class<T> kind, String uri, VersionResolutionRules rules, String version, Resource source) {
    return fetchResource(kind, uri, version, source);
  }

  @Override
  public <T extends Resource> T fetchResourceRaw(Class<T> kind, String uri, VersionResolutionRules rules) {
    return fetchResourceRaw(kind, uri);
  }

  @Override
  public <T extends Resource> T fetchResourceWithException(Class<T> kind, String uri, VersionResolutionRules rules) {
    return fetchResourceWithException(kind, uri);
  }

  @Override
  public <T extends Resource> T fetchResourceWithException(
      Class<T> kind, String uri, VersionResolutionRules rules, String version, Resource source) {
    return fetchResourceWithException(kind, uri, version, source);
  }

  @Override
  public <T extends Resource> T findTxResource(Class<T> kind, String uri, VersionResolutionRules rules) {
    return findTxResource(kind, uri);
  }

  @Override
  public <T extends Resource> T findTxResource(
      Class<T> kind, String uri, VersionResolutionRules rules, String version, Resource source) {
    return findTxResource(kind, uri, version, source);
  }

  @Override
  public CodeSystem fetchCodeSystem(String system, VersionResolutionRules rules) {
    return fetchCodeSystem(system);
  }

  @Override
  public CodeSystem fetchCodeSystem(String system, VersionResolutionRules rules, String version, Resource source) {
    return fetchCodeSystem(system, version, source);
  }

  @Override
  public CodeSystem fetchCodeSystem(
      String system, VersionResolutionRules rules, String version, Resource source, boolean exact) {
    return fetchCodeSystem(system, version, source);
  }

  @Override
  public CodeSystem fetchSupplementedCodeSystem(String system, VersionResolutionRules rules) {
    return fetchSupplementedCodeSystem(system);
  }

  @Override
  public CodeSystem fetchSupplementedCodeSystem(
      String system, VersionResolutionRules rules, String version, List<String> supplements, Resource source) {
    return fetchSupplementedCodeSystem(system, version, source);
  }

  @Override
  public Object retrieveAnalysis(Class kind) {
    return analyses.get(kind);
  }

  @Override
  public void storeAnalysis(Class kind, Object analysis) {
    analyses.put(kind, analysis);
  }

  @Override
  public long getDefinitionsVersion() {
    return 0;
  }
}
