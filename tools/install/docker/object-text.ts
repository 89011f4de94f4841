/**
 * Edits of a JSON text that leave every byte alone that is not what they are about, and of which each has an inverse: what was put in comes out
 * without a trace.
 */
import { type Node, parseTree } from 'jsonc-parser';

/** A member of an object in a text. */
export interface Member {
  readonly name: string;
  /** The member, from its name to the end of its value. */
  readonly node: Node;
  readonly value: Node;
}

/** @param text valid JSON, perhaps behind a byte order mark */
export function rootOf(text: string): Node {
  const root = parseTree(text.startsWith('\uFEFF') ? ` ${text.slice(1)}` : text);
  if (root === undefined) throw new TypeError('expected JSON');
  return root;
}

export function membersOf(object: Node): readonly Member[] {
  return (object.children ?? []).flatMap((node) => {
    const [name, value] = node.children ?? [];
    return name === undefined || value === undefined
      ? []
      : [{ name: String(name.value), node, value }];
  });
}

export function memberOf(object: Node, name: string): Member | undefined {
  return membersOf(object).find((member) => member.name === name);
}

/** The text of a value. */
export function textOf(text: string, { offset, length }: Node): string {
  return text.slice(offset, offset + length);
}

/** Behind the last member, laid out as that is; `value` is laid out likewise. */
export function insertMember(text: string, object: Node, name: string, value: unknown): string {
  const last = membersOf(object).at(-1);
  const start = object.offset + 1;
  if (last === undefined) {
    return splice(text, start, start, `${JSON.stringify(name)}: ${JSON.stringify(value)}`);
  }
  const space = spaceBefore(text, last.node.offset);
  const colon = textBetween(text, last);
  const end = last.node.offset + last.node.length;
  const member = `${JSON.stringify(name)}${colon}${layOut(text, value, space)}`;
  return splice(text, end, end, `,${space}${member}`);
}

/** With the comma that separated it from its neighbour. */
export function removeMember(text: string, object: Node, name: string): string {
  const members = membersOf(object);
  const index = members.findIndex((member) => member.name === name);
  const found = members[index];
  if (found === undefined) return text;
  const before = members[index - 1]?.node;
  const after = members[index + 1]?.node;
  const { offset, length } = found.node;
  if (before !== undefined) return splice(text, before.offset + before.length, offset + length, '');
  return splice(text, offset, after?.offset ?? offset + length, '');
}

export function replaceValue(text: string, { offset, length }: Node, value: string): string {
  return splice(text, offset, offset + length, value);
}

function splice(text: string, start: number, end: number, between: string): string {
  return text.slice(0, start) + between + text.slice(end);
}

function spaceBefore(text: string, offset: number): string {
  let start = offset;
  while (' \t\r\n'.includes(text[start - 1] ?? '?')) start -= 1;
  return text.slice(start, offset);
}

/** What is between the name and the value: `:` and space. */
function textBetween(text: string, { node, value }: Member): string {
  const [name] = node.children ?? [];
  const end = (name?.offset ?? 0) + (name?.length ?? 0);
  return text.slice(end, value.offset);
}

/** As the file's own members are: on a line each where those are, by the same line ends and indentation. */
function layOut(text: string, value: unknown, space: string): string {
  const line = /\r?\n/.exec(space);
  if (line === null) return JSON.stringify(value);
  const indent = space.slice(space.lastIndexOf('\n') + 1);
  return JSON.stringify(value, null, indentOf(text)).replaceAll('\n', `${line[0]}${indent}`);
}

/** What one level is indented by. */
function indentOf(text: string): string {
  return /^\uFEFF?\s*\{\r?\n([ \t]+)"/.exec(text)?.[1] ?? '  ';
}
