import type { MemberTree } from './member-tree.ts';

/** The subset of JSON Schema draft 4 that the OCI schemas use. */
export interface Schema {
  id?: string;
  $ref?: string;
  title?: string;
  description?: string;
  type?: string;
  enum?: string[];
  pattern?: string;
  minimum?: number;
  maximum?: number;
  minItems?: number;
  required?: string[];
  properties?: Record<string, Schema>;
  additionalProperties?: Schema;
  items?: Schema;
  definitions?: Record<string, Schema>;
  anyOf?: Schema[];
  allOf?: Schema[];
}

/** The schemas are read from our own folder: any object among them is taken for one. */
export function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null;
}

/** Schema files by name. A file holds one schema, or named schemas in a tree. */
export type SchemaFiles = ReadonlyMap<string, Schema>;

/** A schema and the file it stands in, which its references are relative to. */
export interface Place {
  readonly file: string;
  readonly schema: Schema;
}

/** Members that are used, all the way down. An array stands for its items; `true` takes everything. */
export type Parts = true | { readonly [member: string]: Parts };

/** Names for nested objects that become definitions of their own, by path (`process.user`). */
export type Titles = ReadonlyMap<string, string>;

/** A self-contained schema of the parts that are used. */
export function selectParts(
  files: SchemaFiles,
  at: Place,
  parts: Parts,
  titles: Titles,
  title: string,
): Schema {
  const selection: Selection = { files, titles, known: new Map(), definitions: {} };
  const schema = select(selection, at, parts, '');
  return { title, ...schema, definitions: selection.definitions };
}

/** All member names that a schema fixes. What it refers to in files that are not there is left open. */
export function memberTree(files: SchemaFiles, at: Place): MemberTree {
  const place = resolve(files, at);
  if (place === undefined) return {};
  const { schema, file } = place;
  const below = (inner: Schema): MemberTree => memberTree(files, { file, schema: inner });
  const alternatives = schema.allOf ?? schema.anyOf;
  if (alternatives !== undefined) return Object.assign({}, ...alternatives.map(below));
  if (schema.properties !== undefined) {
    return { members: mapValues(schema.properties, below) };
  }
  const each = schema.items ?? schema.additionalProperties;
  if (each === undefined) return {};
  const inner = below(each);
  return inner.members === undefined && inner.each === undefined ? {} : { each: inner };
}

interface Selection {
  readonly files: SchemaFiles;
  readonly titles: Titles;
  /** What was selected for a reference before, so that one definition is made of it. */
  readonly known: Map<string, Schema>;
  readonly definitions: Record<string, Schema>;
}

function select(selection: Selection, at: Place, parts: Parts, path: string): Schema {
  const place = resolve(selection.files, at);
  if (place === undefined) throw new Error(`no schema for ${JSON.stringify(at.schema.$ref)}`);
  const reference =
    at.schema.$ref === undefined ? undefined : `${at.schema.$ref} ${partsKey(parts)}`;
  const known = reference === undefined ? undefined : selection.known.get(reference);
  if (known !== undefined) return known;
  const selected = asDefinition(selection, path, selectHere(selection, place, parts, path));
  if (reference !== undefined) selection.known.set(reference, selected);
  return selected;
}

function asDefinition(selection: Selection, path: string, schema: Schema): Schema {
  const title = selection.titles.get(path);
  if (title === undefined) return schema;
  selection.definitions[title] = { title, ...schema };
  return { $ref: `#/definitions/${title}` };
}

function selectHere(selection: Selection, place: Place, parts: Parts, path: string): Schema {
  const { file } = place;
  // Nothing refers to it, and ajv knows a later draft's `$id` alone.
  const { id: _id, ...schema } = place.schema;
  const below = (inner: Schema, innerParts: Parts, name: string): Schema =>
    select(selection, { file, schema: inner }, innerParts, name);
  if (schema.items !== undefined) {
    return { ...schema, items: below(schema.items, parts, `${path}[]`) };
  }
  if (schema.additionalProperties !== undefined) {
    return {
      ...schema,
      additionalProperties: below(schema.additionalProperties, parts, `${path}{}`),
    };
  }
  if (schema.properties === undefined) return { ...schema };
  const names = parts === true ? Object.keys(schema.properties) : Object.keys(parts);
  const properties: Record<string, Schema> = {};
  for (const name of names) {
    const inner = schema.properties[name];
    if (inner === undefined)
      throw new Error(`no member ${JSON.stringify(name)} in ${file} ${path}`);
    const innerParts = parts === true ? true : (parts[name] ?? true);
    properties[name] = below(inner, innerParts, path === '' ? name : `${path}.${name}`);
  }
  const required = (schema.required ?? []).filter((name) => names.includes(name));
  return { type: 'object', properties, ...(required.length > 0 ? { required } : {}) };
}

/** Follows references, and an `anyOf` of one. Undefined where the file is not among those given. */
function resolve(files: SchemaFiles, at: Place): Place | undefined {
  const { file, schema } = at;
  if (schema.anyOf?.length === 1 && schema.anyOf[0] !== undefined) {
    return resolve(files, { file, schema: schema.anyOf[0] });
  }
  if (schema.$ref === undefined) return at;
  const [name = '', pointer = ''] = schema.$ref.split('#');
  const target = name === '' ? file : name;
  let found: unknown = files.get(target);
  if (found === undefined) return undefined;
  // defs.json writes `#definitions/uint32` once where it means `#/definitions/uint32`.
  const parts = pointer === '' ? [] : pointer.replace(/^\//, '').split('/');
  for (const part of parts) found = inside(found, part);
  if (!isSchema(found)) throw new Error(`${file} refers to nothing: ${schema.$ref}`);
  return resolve(files, { file: target, schema: found });
}

function inside(value: unknown, member: string): unknown {
  return isSchema(value) ? Reflect.get(value, member) : undefined;
}

function partsKey(parts: Parts): string {
  return JSON.stringify(parts);
}

function mapValues<A, B>(record: Record<string, A>, change: (value: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
}
