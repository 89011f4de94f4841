/** What an entry of the list says: the fields of its template (Documentation/security/IMA-templates.rst). No Node imports. */
import type { ByteOrder, ListEntry } from './measurement-list.ts';

/** What the hook looks at. Absent where the template has no such field. */
export interface MeasuredFile {
  /** `sha256` and the like, as the kernel writes it. */
  readonly algorithm: string;
  readonly digest: Uint8Array;
  /** Bytes as characters, without the NUL. */
  readonly path: string;
  /** `security.ima`; no bytes where the file had none. */
  readonly signature?: Uint8Array;
}

const templates: ReadonlyMap<string, readonly string[]> = new Map([
  ['ima-ng', ['d-ng', 'n-ng']],
  ['ima-sig', ['d-ng', 'n-ng', 'sig']],
  ['ima-ngv2', ['d-ngv2', 'n-ng']],
  ['ima-sigv2', ['d-ngv2', 'n-ng', 'sig']],
  ['ima-modsig', ['d-ng', 'n-ng', 'sig', 'd-modsig', 'modsig']],
]);

/** Undefined for a template that is not known, or data that is not the template's. */
export function measuredFile(entry: ListEntry, order: ByteOrder): MeasuredFile | undefined {
  if (entry.template === 'ima') return ofTemplateIma(entry.data);
  // A template given as ima_template_fmt= has its fields for a name.
  const ids = templates.get(entry.template) ?? entry.template.split('|');
  const values = splitFields(entry.data, order);
  if (values?.length !== ids.length) return undefined;
  const field = (id: string): Uint8Array | undefined => values[ids.indexOf(id)];
  const name = field('n-ng');
  const digest = taggedDigest(field('d-ng') ?? field('d-ngv2'));
  if (name?.at(-1) !== 0 || digest === undefined) return undefined;
  const path = asText(name.subarray(0, -1));
  const signature = field('sig');
  return { ...digest, path, ...(signature === undefined ? {} : { signature }) };
}

function ofTemplateIma(data: Uint8Array): MeasuredFile {
  return { algorithm: 'sha1', digest: data.subarray(0, 20), path: asText(data.subarray(24)) };
}

/** Undefined where the lengths do not add up. */
function splitFields(data: Uint8Array, order: ByteOrder): Uint8Array[] | undefined {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const fields: Uint8Array[] = [];
  for (let at = 0; at < data.length; ) {
    if (at + 4 > data.length) return undefined;
    const length = view.getUint32(at, order === 'little');
    at += 4 + length;
    if (at > data.length) return undefined;
    fields.push(data.subarray(at - length, at));
  }
  return fields;
}

/** `sha256:` NUL digest, with a type such as `ima:` before it in version 2. */
function taggedDigest(
  field: Uint8Array | undefined,
): { algorithm: string; digest: Uint8Array } | undefined {
  const end = field?.indexOf(0) ?? -1;
  if (field === undefined || end < 1) return undefined;
  const tag = /^(?:[^:]+:)?([^:]+):$/.exec(asText(field.subarray(0, end)));
  return tag?.[1] === undefined
    ? undefined
    : { algorithm: tag[1], digest: field.subarray(end + 1) };
}

function asText(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}
