// Sends DICOM files by C-STORE. Usage: node store.js PACKAGES HOST PORT CALLED FILE...
//
// Prints a line for each: its UID, the status of the answer, and the SHA-256 of the data set as it has encoded it.
import { createRequire } from 'node:module';
import { createHash } from 'node:crypto';
import { join } from 'node:path';

const { Client, Dataset, constants, log, requests } = createRequire(join(process.argv[2], 'package.json'))('dcmjs-dimse');
const [host, port, called, ...files] = process.argv.slice(3);
log.setLevel('silent');

// Of the two uncompressed syntaxes it proposes Implicit VR first, and would convert when that is accepted.
function inProposedSyntax(dataset) {
  const { ExplicitVRLittleEndian, ImplicitVRLittleEndian } = constants.TransferSyntax;
  const explicit = dataset.getTransferSyntaxUid() === ExplicitVRLittleEndian;
  return explicit ? new Dataset(dataset.getElements(), ImplicitVRLittleEndian) : dataset;
}

// One association for each file: of several contexts of one class it would use the first, and want to convert.
function send(file) {
  const dataset = inProposedSyntax(Dataset.fromFile(file));
  const digest = createHash('sha256').update(dataset.getDenaturalizedDataset()).digest('hex');
  const request = new requests.CStoreRequest(dataset);
  const client = new Client();
  request.on('response', (response) => {
    console.log(dataset.getElement('SOPInstanceUID'), response.getStatus(), digest);
  });
  client.addRequest(request);
  return new Promise((done, failed) => {
    client.on('networkError', failed);
    client.on('closed', done);
    client.send(host, Number(port), 'DCMJS', called);
  });
}

for (const file of files) await send(file);
