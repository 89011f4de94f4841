/**
 * A policy with our rule in it. The kernel takes the first rule that matches, so ours comes first: it is about the record
 * filesystem alone, and whatever else the policy says of that (`dont_measure`, another template) must not hide the records.
 */
import { RECORD_OWNER } from '#hook/ima/record';
import { ToolError } from '#tools/errors';

/** The lines between which a policy is ours. The kernel ignores lines that begin with `#`. */
const BEGIN =
  '# begin oci-measure: records of container images. Made by `oci-measure install ima`.';
const END = '# end oci-measure';
/** Likewise, around rules that no file had. */
const BEGIN_BEFORE =
  '# begin: what was in force without a file, written out. A policy that is loaded replaces it.';
const END_BEFORE = '# end of what was in force without a file';

/** fsname, fsuuid and fowner are all needed: without either of the first two a container forged a record (seen). */
export function recordRule(uuid: string): string {
  return `measure func=FILE_CHECK mask=^MAY_READ fsname=ext4 fsuuid=${uuid} fowner=${RECORD_OWNER} template=ima-sig`;
}

/** @param before the policy in force, as text, without our lines */
export function withOurRule(before: string, rule: string): string {
  return `${BEGIN}\n${rule}\n${END}\n${before}`;
}

/** A policy that has to be written from rules that no file has. */
export function policyText(rules: readonly string[]): string {
  const lines = rules.length === 0 ? ['# no rule'] : rules;
  return [BEGIN_BEFORE, ...lines, END_BEFORE, ''].join('\n');
}

/**
 * Exactly what {@link withOurRule} was given.
 *
 * @throws ToolError `install` if our lines were taken apart
 */
export function withoutOurRule(text: string): string {
  const begin = text.indexOf(BEGIN);
  if (begin === -1) return text;
  const end = text.indexOf(`${END}\n`, begin);
  if (end === -1 || (begin > 0 && text[begin - 1] !== '\n')) {
    throw new ToolError(
      'install',
      `expected ${JSON.stringify(END)} behind our rule in the policy, found none`,
    );
  }
  return text.slice(0, begin) + text.slice(end + END.length + 1);
}

/**
 * What a policy's file was before our rule was in it; undefined if there was none.
 *
 * @throws ToolError `install` if our lines were taken apart
 */
export function fileBefore(text: string): string | undefined {
  if (!text.includes(BEGIN)) return text;
  const rest = withoutOurRule(text);
  const isMade = rest.startsWith(BEGIN_BEFORE) && rest.indexOf(`${END_BEFORE}\n`) > 0;
  return isMade && rest.endsWith(`\n${END_BEFORE}\n`) ? undefined : rest;
}

/** The UUID of the filesystem that our rule in a policy is about; undefined if it has no such rule. */
export function ruleUuid(text: string): string | undefined {
  const found = text.split('\n').find(isOurRule);
  return found === undefined ? undefined : /fsuuid=(\S+)/.exec(found)?.[1];
}

/** As we write it, and as the kernel tells it. */
export function isOurRule(line: string): boolean {
  const [, uuid] = /^measure .*\bfsuuid=(\S+)/.exec(line) ?? [];
  return uuid !== undefined && line.trimEnd() === recordRule(uuid);
}
