import { SEARCH_PATH } from '#tools/doctor/programs';

/** What execa takes. */
interface ChildProcess {
  readonly reject: false;
  readonly stdin: 'ignore';
  readonly extendEnv: false;
  readonly env: Readonly<Record<string, string>>;
}

/** With which programs are run: nothing of whoever installs gets through to them, and what they say is read, not shown. */
export const CHILD_PROCESS: ChildProcess = {
  reject: false,
  stdin: 'ignore',
  extendEnv: false,
  env: { PATH: SEARCH_PATH.join(':'), LC_ALL: 'C' },
};
