import type { ByteString } from '#digest/entry';
import type { Semantics } from '#digest/semantics';
import type { Inode } from './inode.ts';
import { KERNEL, type LookupRules } from './lookup-path.ts';
import type { XattrFailure } from './set-xattr.ts';

/** All in which engines differ (docs/applying-layers.md, "Where engines differ"; the letters are its rows). */
export interface Engine {
  readonly name: Semantics;
  /** A: how whiteouts of the lowest layer are applied. */
  readonly lowestLayer: 'as whiteouts' | 'removing';
  /** B: a name or a hard link's target that leads above the root. */
  readonly aboveRoot: 'clamp' | 'refuse';
  /** C: how links in an entry's path are followed; 'in the text' is RootPath(). */
  readonly links: LookupRules | 'in the text';
  /** D: what a directory gets that no entry of its layer describes. */
  readonly impliedDirectories: 'of the lower layer' | '0755' | '0755 of root';
  /** E: a global PAX header of a layer that becomes an overlay's directory. */
  readonly globalHeaders: 'directory' | 'ignore';
  /** F: an entry that is the root, by a name other than `.`, and no directory. */
  readonly rootAsFile: 'ignore' | 'refuse';
  /** G: what is already there under a whiteout's own name. */
  readonly underWhiteoutName: 'keep' | 'remove';
  /** H: an opaque marker below what is no directory. */
  readonly opaqueFile: 'refuse' | 'ignore';
  /** I: attributes `trusted.*`. Those of overlayfs would be an attack. */
  readonly trustedXattrs: 'drop' | 'set';
  /** J: where attributes of a symbolic link go. */
  readonly linkXattrs: 'to the link' | 'to its target';
  /** K: attributes that are not set at all. */
  readonly droppedXattrs: ReadonlySet<ByteString>;
  /** K: failures to set one that are passed over. */
  readonly forgives: (failure: XattrFailure, name: ByteString, inode: Inode) => boolean;
  /** L: the mode and an access ACL change each other; the last one wins. */
  readonly lastOf: 'mode' | 'xattrs';
  /** M: a device's or fifo's major or minor number that does not fit into 32 bits. */
  readonly largeDevices: 'cut' | 'refuse';
}

const isPlain = ({ kind }: Inode): boolean => kind === 'file' || kind === 'dir';

/** containerd 2.2, pkg/archive/tar.go, Apply() with OverlayConvertWhiteout and WithParents. */
const containerd: Engine = {
  name: 'containerd',
  lowestLayer: 'removing',
  aboveRoot: 'clamp',
  links: 'in the text',
  impliedDirectories: 'of the lower layer',
  globalHeaders: 'directory',
  rootAsFile: 'ignore',
  underWhiteoutName: 'keep',
  opaqueFile: 'refuse',
  trustedXattrs: 'drop',
  linkXattrs: 'to the link',
  droppedXattrs: new Set(),
  forgives: (failure, name, inode) =>
    failure === 'EOPNOTSUPP' ||
    (failure === 'EPERM' && name.startsWith('user.') && !isPlain(inode)),
  lastOf: 'mode',
  largeDevices: 'cut',
};

/** moby/go-archive of August 2026, archive.go, Unpack(), on Go's os.Root. */
const docker: Engine = {
  name: 'docker',
  lowestLayer: 'as whiteouts',
  aboveRoot: 'refuse',
  links: { maxLinks: 8, outside: 'escapes', maxLength: Number.POSITIVE_INFINITY },
  impliedDirectories: '0755',
  globalHeaders: 'ignore',
  rootAsFile: 'ignore',
  underWhiteoutName: 'remove',
  opaqueFile: 'ignore',
  trustedXattrs: 'set',
  linkXattrs: 'to its target',
  droppedXattrs: new Set(),
  forgives: (failure) => failure === 'EPERM',
  lastOf: 'mode',
  largeDevices: 'refuse',
};

/** containers/storage of April 2026, pkg/archive/archive.go, Unpack(), in a chroot with umask 022. */
const podman: Engine = {
  name: 'podman',
  lowestLayer: 'as whiteouts',
  aboveRoot: 'clamp',
  links: KERNEL,
  impliedDirectories: '0755 of root',
  globalHeaders: 'directory',
  rootAsFile: 'refuse',
  underWhiteoutName: 'remove',
  opaqueFile: 'ignore',
  trustedXattrs: 'set',
  linkXattrs: 'to the link',
  droppedXattrs: new Set(['security.selinux']),
  forgives: (failure) => failure === 'EOPNOTSUPP',
  lastOf: 'xattrs',
  largeDevices: 'cut',
};

export const ENGINES: Readonly<Record<Semantics, Engine>> = { containerd, docker, podman };
