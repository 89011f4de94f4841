import { isRoot } from '#digest/thread-credentials';

/** What calls the hook, or what calls that. */
export type Engine = 'podman' | 'buildah' | 'cri-o' | 'containerd' | 'docker' | 'kubernetes';

/** What one check saw. `docs/schema/doctor.json` is its JSON form. */
export interface Finding {
  /** Stable: `tpm`, `hook-entry`… */
  readonly check: string;
  /** Whose; absent for what is needed whichever engine calls the hook. */
  readonly engine?: Engine;
  /** `problem`: the next container is not measured, or not so that it can be believed. `warning`: worth knowing. */
  readonly status: 'ok' | 'warning' | 'problem';
  readonly found: string;
  readonly expected: string;
  /** What to do about it; absent when there is nothing to do. */
  readonly mend?: string;
}

/** A check's findings; it never throws for what it was asked to look for. */
export type Check = () => readonly Finding[] | Promise<readonly Finding[]>;

export function ok(check: string, found: string, expected: string): Finding {
  return { check, status: 'ok', found, expected };
}

export function warning(check: string, found: string, expected: string, mend: string): Finding {
  return { check, status: 'warning', found, expected, mend };
}

export function problem(check: string, found: string, expected: string, mend: string): Finding {
  return { check, status: 'problem', found, expected, mend };
}

/** The findings, as those of an engine. */
export function findingsOf(engine: Engine, findings: readonly Finding[]): readonly Finding[] {
  return findings.map(({ check, ...rest }) => ({ check, engine, ...rest }));
}

/** Something could not be looked at: with root's rights a problem of its own, without them only a reason to ask again. */
export function notSeen(check: string, what: string, expected: string, error: unknown): Finding {
  const reason = error instanceof Error ? error.message : String(error);
  return isRoot()
    ? problem(
        check,
        `${what} cannot be looked at: ${reason}`,
        expected,
        `find out why root cannot read ${what}`,
      )
    : warning(
        check,
        `${what} was not seen: ${reason}`,
        expected,
        'run `oci-measure doctor` as root',
      );
}
