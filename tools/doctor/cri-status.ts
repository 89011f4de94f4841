/**
 * One question of the Container Runtime Interface (cri-api, runtime.v1.RuntimeService/Status, verbose), by hand: HTTP/2, gRPC's
 * five bytes before a message, and as much of protobuf as an answer needs.
 */
import { connect, constants, type IncomingHttpHeaders } from 'node:http2';
import { connect as connectSocket } from 'node:net';

const PATH = '/runtime.v1.RuntimeService/Status';
const TIME_LIMIT_MS = 5000;
const MAX_BYTES = 16 * 1024 * 1024;
/** Uncompressed, of two bytes: StatusRequest { verbose = 1: true }. */
const REQUEST = Buffer.from([0, 0, 0, 0, 2, 0x08, 0x01]);
const HEADER_BYTES = 5;
/** StatusResponse.info, a map of texts. */
const INFO_FIELD = 2;

/**
 * What an engine tells of itself beyond the interface: JSON texts by name, `config` among them in containerd.
 *
 * @throws Error: nobody answers there, or not as expected
 */
export async function askCri(socket: string): Promise<ReadonlyMap<string, string>> {
  const answer = await call(socket);
  const size = answer.length < HEADER_BYTES ? -1 : answer.readUInt32BE(1);
  if (answer[0] !== 0 || size !== answer.length - HEADER_BYTES) {
    throw new Error('expected one gRPC message, uncompressed');
  }
  const info = fieldsOf(answer.subarray(HEADER_BYTES)).filter(({ field }) => field === INFO_FIELD);
  return new Map(info.map(({ bytes }) => entryOf(bytes)));
}

async function call(socket: string): Promise<Buffer> {
  const session = connect('http://localhost', { createConnection: () => connectSocket(socket) });
  try {
    return await new Promise((resolve, reject) => {
      const chunks: Buffer[] = [];
      let size = 0;
      session.on('error', reject);
      const stream = session.request({
        [constants.HTTP2_HEADER_METHOD]: 'POST',
        [constants.HTTP2_HEADER_PATH]: PATH,
        [constants.HTTP2_HEADER_CONTENT_TYPE]: 'application/grpc',
        [constants.HTTP2_HEADER_TE]: 'trailers',
      });
      let status = 'none';
      const note = (headers: IncomingHttpHeaders): void => {
        const [code, message = ''] = [headers['grpc-status'], headers['grpc-message']].map(textOf);
        if (code !== undefined && code !== '') status = `${code} ${message}`.trim();
      };
      stream.setTimeout(TIME_LIMIT_MS, () => stream.destroy(new Error('no answer')));
      stream.on('response', note);
      stream.on('trailers', note);
      stream.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > MAX_BYTES) stream.destroy(new Error(`more than ${MAX_BYTES} bytes`));
        else chunks.push(chunk);
      });
      stream.on('error', reject);
      stream.on('close', () => reject(new Error('the answer broke off')));
      stream.on('end', () => {
        if (status === '0') resolve(Buffer.concat(chunks));
        else reject(new Error(`gRPC status ${status}`));
      });
      stream.end(REQUEST);
    });
  } finally {
    session.destroy();
  }
}

function textOf(header: string | readonly string[] | undefined): string {
  return typeof header === 'string' ? header : '';
}

interface Field {
  readonly field: number;
  readonly bytes: Buffer;
}

/** The length-delimited fields of a message; others are passed over. */
function fieldsOf(message: Buffer): readonly Field[] {
  const fields: Field[] = [];
  let place = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = message[place];
      if (byte === undefined) break;
      place += 1;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw new Error('a malformed protobuf message');
  };
  while (place < message.length) {
    const tag = varint();
    const type = tag % 8;
    const length = lengthOf(type, varint);
    if (length > message.length - place) throw new Error('a protobuf message that is cut off');
    if (type === 2) {
      fields.push({ field: Math.floor(tag / 8), bytes: message.subarray(place, place + length) });
    }
    place += length;
  }
  return fields;
}

function lengthOf(type: number, varint: () => number): number {
  if (type === 0) {
    varint();
    return 0;
  }
  if (type === 1) return 8;
  if (type === 2) return varint();
  if (type === 5) return 4;
  throw new Error(`a protobuf field of the type ${type}`);
}

function entryOf(bytes: Buffer): readonly [string, string] {
  const fields = fieldsOf(bytes);
  const text = (number: number) =>
    fields.find(({ field }) => field === number)?.bytes.toString('utf8') ?? '';
  return [text(1), text(2)];
}
