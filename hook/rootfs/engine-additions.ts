import type { ByteString } from '#digest/entry';
import type { FoundEntry } from '#digest/lookup';
import { isGroupAddition, isPasswdAddition } from './accounts.ts';
import { isLocaltimeAddition } from './localtime.ts';
import { isMadeLink } from './made-entries.ts';
import { type Lookup, parentsOf } from './mount-destinations.ts';
import type { RootfsQuestion } from './rootfs-measurement.ts';

/** What explains additions: it is the tenant's to choose. */
export type ContainerChoice = Pick<
  RootfsQuestion,
  'user' | 'cwd' | 'mountDestinations' | 'readHostPasswd'
>;

/** A tree whose entries and files can be looked at. */
export interface SeenTree {
  readonly lookup: Lookup;
  readonly readEntry: (path: ByteString) => Uint8Array;
}

/** An entry of a writable layer, with what the layers below have at its path. */
export interface AddedEntry {
  readonly path: ByteString;
  readonly entry: FoundEntry;
  /** Its ids are the host's: the container's user namespace maps them not. */
  readonly isHostOwned: boolean;
  /** undefined: there is nothing, or it cannot be told. */
  readonly below: FoundEntry | undefined;
  readonly readEntry: () => Uint8Array;
  /** The layers below; undefined where they cannot be read. */
  readonly image: SeenTree | undefined;
}

type Rule = (added: AddedEntry, choice: ContainerChoice) => boolean;

/**
 * What engines themselves write into a container's writable layer before the runtime starts, entry by entry and
 * exactly: docs/engines/additions.md. An entry that is none of these is measured with its layer.
 */
const additions: ReadonlyMap<ByteString, Rule> = new Map<ByteString, Rule>([
  ['etc/passwd', isPasswdAddition],
  ['etc/group', isGroupAddition],
  ['etc/localtime', isLocaltimeAddition],
  ['etc/mtab', isMtabAddition],
]);

/** Directories above the engines' additions: they are copied up, or made, along with them. */
export const additionParents: ReadonlySet<ByteString> = parentsOf(additions.keys());

export function isEngineAddition(added: AddedEntry, choice: ContainerChoice): boolean {
  return additions.get(added.path)?.(added, choice) ?? false;
}

/** Podman and CRI-O, where the image has no /etc/mtab (container_internal_linux.go, server/container_create.go). */
function isMtabAddition({ entry, below, isHostOwned }: AddedEntry): boolean {
  return below === undefined && !isHostOwned && isMtabLink(entry);
}

export function isMtabLink(entry: FoundEntry): boolean {
  return isMadeLink(entry) && entry.target === '/proc/mounts';
}
