/**
 * What is extended into the PCR: one event, written by `encodeEvent` (event-string.ts) as one line of RFC 8785 canonical JSON. That
 * line is `content.string` of a record, and the hash of its UTF-8 bytes is what each bank is extended by.
 * docs/measurement-log.md specifies every member.
 *
 * Members marked `?` are left out, never null, when there is nothing to say. Texts are as config.json has them (Unicode, any
 * control character): whoever shows one must escape it.
 */
import type { BankName } from './bank.ts';

/** `sha256:` and 64 lower-case hexadecimal digits. */
export type Sha256Text = `sha256:${string}`;

/** `pristine`, or the SHA-256 of the layer's own listing. */
export type WritableLayer = 'pristine' | Sha256Text;

/** One value of the PCR in lower-case hexadecimal for each bank that is active. */
export type BankValues = { readonly [bank in BankName]?: string };

/** One start of a container. The kernel gives a pid again, but not with the same start time within one boot. */
export interface Start {
  /** The container's id as the runtime gave it: no path, no file name. */
  readonly id: string;
  /** Pid of the container's first process, in the pid namespace of the hook. */
  readonly pid: number;
  /** Clock ticks after boot: field 22 of /proc/PID/stat. */
  readonly startTime: number;
}

/** A mount of config.json, in its order. */
export interface MountFact {
  readonly destination: string;
  readonly type?: string;
  readonly source?: string;
  /** Empty where config.json has none. */
  readonly options: readonly string[];
}

/** A namespace of config.json's linux.namespaces. */
export interface NamespaceFact {
  readonly type: string;
  /** An existing namespace that is joined. */
  readonly path?: string;
}

/** A device of config.json's linux.devices. */
export interface DeviceFact {
  readonly type: string;
  readonly path: string;
  readonly major?: number;
  readonly minor?: number;
  /** Permission bits, decimal as in config.json. */
  readonly fileMode?: number;
  readonly uid?: number;
  readonly gid?: number;
}

/** Another hook of config.json. */
export interface HookFact {
  /** `createRuntime`, `prestart` and so on. */
  readonly stage: string;
  readonly path: string;
}

/** What the engine says about the container. Claims: whoever may start containers may set annotations. */
export interface IdentifyingAnnotations {
  /** Image name as the engine was asked for it. */
  readonly image?: string;
  readonly pod?: string;
  /** Kubernetes namespace of the pod. */
  readonly namespace?: string;
  /** Name of the container, inside its pod or for its engine. */
  readonly container?: string;
}

/** Inode numbers of the namespaces of the container's first process (/proc/PID/ns). Absent where the kernel has no such namespace. */
export interface NamespaceInodes {
  readonly mnt?: number;
  readonly pid?: number;
  readonly net?: number;
  readonly uts?: number;
  readonly user?: number;
}

/** A container was measured. */
export interface ContainerEvent extends Start {
  readonly type: 'container';
  /** The rootfs digest (docs/rootfs-digest.md). */
  readonly rootfs: Sha256Text;
  /** `overlay`: the layers below the container's own. `merged`: the tree as it stands. */
  readonly view: 'overlay' | 'merged';
  /** One for each layer above the image, topmost first; empty in the merged view. */
  readonly writable: readonly WritableLayer[];
  /** Mountpoints taken out of a merged view, written as the listing writes paths (`./a/b`). Empty in the overlay view. */
  readonly pruned: readonly string[];
  /** SHA-256 of canonical JSON of args, cwd, user, capabilities, noNewPrivileges and LSM labels. */
  readonly process: Sha256Text;
  /** SHA-256 of canonical JSON of process.env. */
  readonly env: Sha256Text;
  /** The entries of process.env that steer a loader (`LD_PRELOAD=…`), in their order. */
  readonly loader: readonly string[];
  readonly mounts: readonly MountFact[];
  /** root.readonly */
  readonly readonly: boolean;
  readonly namespaces: readonly NamespaceFact[];
  readonly devices: readonly DeviceFact[];
  /** Whether config.json has linux.seccomp. */
  readonly seccomp: boolean;
  readonly hooks: readonly HookFact[];
  /** `podman`, `docker`, `containerd`, `cri-o`…; absent where nothing tells. A claim. */
  readonly engine?: string;
  readonly annotations: IdentifyingAnnotations;
  readonly ns: NamespaceInodes;
}

/** A container of a class that the configuration says to skip: not measured, and started. */
export interface SkippedEvent extends Start {
  readonly type: 'skipped';
  readonly class: 'sandbox' | 'rootless' | 'build';
  readonly engine?: string;
  readonly annotations: IdentifyingAnnotations;
}

/** A container that must not start. */
export interface DeniedEvent {
  readonly type: 'denied';
  readonly id: string;
  /** Both absent where the process could not be looked at. */
  readonly pid?: number;
  readonly startTime?: number;
  /** A HookErrorCode, or a DigestErrorCode. */
  readonly code: string;
  /** One line, for people. */
  readonly reason: string;
  /** The start's own record, where it was extended before it failed: SHA-256 of that record's string. */
  readonly record?: Sha256Text;
}

/** A container that could not be measured and starts all the same, because the configuration says so. */
export interface AllowedEvent extends Omit<DeniedEvent, 'type'> {
  readonly type: 'allowed';
}

/** The hook that wrote `record` died before it was done, so that its container did not start. */
export interface AbortedEvent {
  readonly type: 'aborted';
  readonly id: string;
  readonly pid?: number;
  readonly startTime?: number;
  readonly record: Sha256Text;
}

/** The kernel's measurement list does not hold this start (`ima.mode = "try"`). */
export interface UnlistedEvent extends Start {
  readonly type: 'unlisted';
  readonly record: Sha256Text;
  readonly reason: string;
}

/** The first event of a PCR in a boot. */
export interface InitEvent {
  readonly type: 'init';
  /** /proc/sys/kernel/random/boot_id without its hyphens. */
  readonly bootId: string;
  readonly pcr: number;
  /** What the PCR held before this event, in every active bank. Anything but zeros counts as a gap. */
  readonly found: BankValues;
  /** The program's version. */
  readonly version: string;
  /** SHA-256 of the configuration file's bytes (of no bytes where there is none). */
  readonly config: Sha256Text;
}

/** Program or configuration are not those of the last `init` or `config`. */
export interface ConfigEvent {
  readonly type: 'config';
  readonly version: string;
  readonly config: Sha256Text;
}

/** Somebody else extended the PCR, or records are gone. Replay goes on from `found`. */
export interface GapEvent {
  readonly type: 'gap';
  /** What the log up to here replays to. */
  readonly expected: BankValues;
  readonly found: BankValues;
}

export type MeasurementEvent =
  | InitEvent
  | ConfigEvent
  | ContainerEvent
  | SkippedEvent
  | DeniedEvent
  | AllowedEvent
  | AbortedEvent
  | UnlistedEvent
  | GapEvent;

export type EventType = MeasurementEvent['type'];
