/**
 * A policy with our rule in it. The kernel takes the first rule that matches, so ours comes first: it is about the record
 * filesystem alone, and whatever else the policy says of that (`dont_measure`, another template) must not hide the records.
 */
import { ToolError } from '#tools/errors';

/** The lines between which a policy is ours. The kernel ignores lines that begin with `#`. */
const BEGIN =
  '# begin oci-measure: records of container images. Made by `oci-measure install ima`.';
const END = '# end oci-measure';
const RULES_COME_FROM =
  '# What was in force before, written out: a policy that is loaded replaces it.';

/** fsname, fsuuid and fowner are all needed: without either of the first two a container forged a record (seen). */
export function recordRule(uuid: string, owner: number): string {
  return `measure func=FILE_CHECK mask=^MAY_READ fsname=ext4 fsuuid=${uuid} fowner=${owner} template=ima-sig`;
}

/** @param before the policy in force, as text, without our lines */
export function withOurRule(before: string, rule: string): string {
  const ours = `${BEGIN}\n${rule}\n${END}\n`;
  return before === '' || before.endsWith('\n') ? ours + before : `${ours}${before}\n`;
}

/** A policy that has to be written from rules that no file has. */
export function policyText(rules: readonly string[]): string {
  return rules.length === 0 ? '' : `${RULES_COME_FROM}\n${rules.join('\n')}\n`;
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
    throw new ToolError('install', `expected ${JSON.stringify(END)} behind our rule, found none`);
  }
  return text.slice(0, begin) + text.slice(end + END.length + 1);
}

/** Whether the rest of a policy is nothing that was in a file before: it was made by {@link policyText}, or there is none. */
export function isOursAlone(rest: string): boolean {
  return rest === '' || rest.startsWith(RULES_COME_FROM);
}

/** Our rule as a policy has it; undefined if it has none. */
export function ourRule(text: string): string | undefined {
  return /^measure func=FILE_CHECK mask=\^MAY_READ fsname=ext4 fsuuid=\S+ fowner=\d+ template=ima-sig$/m.exec(
    text,
  )?.[0];
}
