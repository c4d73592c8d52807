// An archive for tests. Usage: node archive.js PACKAGES PORT FOLDER [KEY CERTIFICATE CA]
//
// What comes by C-STORE lies in FOLDER/stored as UID.SYNTAX, the data set as it came over the wire. C-GET sends every
// DICOM file in FOLDER/held, whatever is asked for, and notes in FOLDER/sent the data sets as it has encoded them.
import { createRequire } from 'node:module';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Writable } from 'node:stream';

const { Dataset, Scp, Server, association, constants, log, requests, responses } = createRequire(
  join(process.argv[2], 'package.json')
)('dcmjs-dimse');
const { PresentationContextResult, SopClass, Status } = constants;
const [port, folder, key, certificate, ca] = process.argv.slice(3);
log.setLevel('silent');
console.log = () => {};

class Collecting extends Writable {
  chunks = [];
  _write(chunk, _, done) {
    this.chunks.push(Buffer.from(chunk));
    done();
  }
}

class Archive extends Scp {
  associationRequested(asked) {
    for (const { id } of asked.getPresentationContexts()) {
      const context = asked.getPresentationContext(id);
      context.setResult(PresentationContextResult.Accept, context.getTransferSyntaxUids()[0]);
    }
    this.sendAssociationAccept();
  }

  associationReleaseRequested() {
    this.sendAssociationReleaseResponse();
  }

  cEchoRequest(request, callback) {
    const response = responses.CEchoResponse.fromRequest(request);
    response.setStatus(Status.Success);
    callback(response);
  }

  createStoreWritableStream() {
    return new Collecting();
  }

  createDatasetFromStoreWritableStream(writable, context, callback) {
    callback({ content: Buffer.concat(writable.chunks), syntax: context.getAcceptedTransferSyntaxUid() });
  }

  cStoreRequest(request, callback) {
    const { content, syntax } = request.getDataset();
    writeFileSync(join(folder, 'stored', `${request.getAffectedSopInstanceUid()}_${syntax}`), content);
    const response = responses.CStoreResponse.fromRequest(request);
    response.setStatus(Status.Success);
    callback(response);
  }

  cGetRequest(request, callback) {
    const held = readdirSync(join(folder, 'held')).map((name) => Dataset.fromFile(join(folder, 'held', name)));
    let left = held.length;
    const sending = held.map((dataset) => {
      const uid = dataset.getElement('SOPInstanceUID');
      writeFileSync(join(folder, 'sent', `${uid}_${dataset.getTransferSyntaxUid()}`), dataset.getDenaturalizedDataset());
      const store = new requests.CStoreRequest(dataset);
      store.on('response', () => {
        if (--left === 0) {
          const response = responses.CGetResponse.fromRequest(request);
          response.setStatus(Status.Success);
          callback([response]);
        }
      });
      return store;
    });
    this.sendRequests(sending);
  }
}

const security = key && {
  key: readFileSync(key),
  cert: readFileSync(certificate),
  ca: readFileSync(ca),
  requestCert: true,
  rejectUnauthorized: true,
};
const server = new Server(Archive);
server.on('networkError', (wrong) => console.error(String(wrong)));
server.listen(Number(port), security ? { securityOptions: security } : {});
