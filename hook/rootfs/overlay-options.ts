import type { ByteString } from '#digest/entry';
import { quoted } from '#digest/quoted';
import { HookError } from '#hook/errors';
import { unescapeOctal } from './mountinfo.ts';

/** What an overlay was mounted from, as its super options in mountinfo tell. */
export interface OverlayOptions {
  /** Topmost first; absolute or relative, as they were given to mount. */
  readonly lowers: readonly ByteString[];
  /** Lower directories that lend file contents to metacopy entries and show no names of their own. */
  readonly dataLowers: readonly ByteString[];
  readonly upper: ByteString | undefined;
  readonly xattrPrefix: 'trusted.overlay.' | 'user.overlay.';
  /** The options that change what the lowers mean, to be repeated when the same lowers are mounted again. */
  readonly meaning: ReadonlyMap<MeaningOption, string>;
}

export type MeaningOption = 'redirect_dir' | 'metacopy' | 'verity' | 'userxattr';

const meaningOptions: Readonly<Record<MeaningOption, readonly string[]>> = {
  redirect_dir: ['on', 'off', 'follow', 'nofollow'],
  metacopy: ['on', 'off'],
  verity: ['on', 'off', 'require'],
  userxattr: [''],
};

/**
 * Options that change nothing of which files a container sees: inode numbers, durability, permission checks, labels.
 * Everything else is refused, since a later kernel may give layers another meaning by it.
 */
const harmlessOptions: ReadonlySet<string> = new Set([
  'ro',
  'rw',
  'sync',
  'dirsync',
  'lazytime',
  'workdir',
  'default_permissions',
  'index',
  'uuid',
  'nfs_export',
  'xino',
  'volatile',
  'fsync',
  'seclabel',
  'context',
  'fscontext',
  'defcontext',
  'rootcontext',
]);

/** @throws HookError `rootfs` for an option that is unknown or contradictory, or when there is no lower directory. */
export function parseOverlayOptions(superOptions: ByteString): OverlayOptions {
  const lowers: ByteString[] = [];
  const dataLowers: ByteString[] = [];
  const meaning = new Map<MeaningOption, string>();
  let upper: ByteString | undefined;
  for (const { name, value } of splitOptions(superOptions)) {
    if (name === 'lowerdir') {
      const list = splitLowerdirs(value);
      lowers.push(...list.lowers);
      dataLowers.push(...list.dataLowers);
    } else if (name === 'lowerdir+') lowers.push(value);
    else if (name === 'datadir+') dataLowers.push(value);
    else if (name === 'upperdir') upper = unescapeBackslashes(value);
    else if (isMeaningOption(name)) meaning.set(name, checkMeaning(name, value));
    else if (!harmlessOptions.has(name)) throw refused('an unknown option', name);
  }
  if (lowers.length === 0) throw refused('no lowerdir', superOptions);
  const xattrPrefix = meaning.has('userxattr') ? 'user.overlay.' : 'trusted.overlay.';
  return { lowers, dataLowers, upper, xattrPrefix, meaning };
}

function isMeaningOption(name: string): name is MeaningOption {
  return Object.hasOwn(meaningOptions, name);
}

function checkMeaning(name: MeaningOption, value: string): string {
  if (meaningOptions[name].includes(value)) return value;
  throw refused(`an unknown value of ${name}`, value);
}

/**
 * Commas inside values are printed as `\054`, save in SELinux contexts, which stand in quotes instead
 * (`context="system_u:object_r:container_file_t:s0:c1,c2"`).
 */
const optionPattern = /(?:([a-z]*context)="(?:[^"\\]|\\.)*"|([a-z_+]+)(?:=([^,]*))?)(?:,|$)/y;

function* splitOptions(text: ByteString): Generator<{ name: string; value: ByteString }> {
  for (let at = 0; at < text.length; ) {
    optionPattern.lastIndex = at;
    const match = optionPattern.exec(text);
    if (match === null) throw refused('something that is not an option', text.slice(at));
    at = optionPattern.lastIndex;
    yield { name: match[1] ?? match[2] ?? '', value: unescapeOctal(match[3] ?? '') };
  }
}

/** `lower1:lower2::data1::data2`, where `\:` is a colon and `\\` a backslash (ovl_parse_param_split_lowerdirs). */
function splitLowerdirs(list: ByteString): { lowers: ByteString[]; dataLowers: ByteString[] } {
  const lowers: ByteString[] = [];
  const dataLowers: ByteString[] = [];
  let separator = '';
  for (const match of list.matchAll(/((?:[^:\\]|\\[^])*)(::?|$)/g)) {
    const [whole, name = '', next = ''] = match;
    if (whole === '' && separator === '') break;
    if (name === '' || (separator === ':' && dataLowers.length > 0))
      throw refused('a malformed lowerdir', list);
    (separator === '::' ? dataLowers : lowers).push(unescapeBackslashes(name));
    separator = next;
  }
  return { lowers, dataLowers };
}

/** Names given by `lowerdir=`, `upperdir=` and `workdir=` are escaped once more; those of `lowerdir+=` are not. */
function unescapeBackslashes(name: ByteString): ByteString {
  return name.replace(/\\([^])/g, '$1');
}

function refused(what: string, found: string): HookError {
  const shown = quoted(found);
  return new HookError('rootfs', `cannot read the overlay's mount options: ${what}: ${shown}`);
}
