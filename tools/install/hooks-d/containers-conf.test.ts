import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { hooksDirectoriesIn } from '#tools/doctor/podman';
import { hostAt } from '#tools/install/host';
import { makeTree } from '#tools/install/tree.fixture';
import { makeTestDirectory } from '#tools/program.fixture';
import { podmanHooksDirectories } from './containers-conf.ts';

const scratch = makeTestDirectory('containers-conf');
after(() => rmSync(scratch, { recursive: true }));

const USUAL = '/usr/share/containers/oci/hooks.d';
const BOTH = [USUAL, '/etc/containers/oci/hooks.d'];
const VENDOR = '/usr/share/containers/containers.conf';
const SITE = '/etc/containers/containers.conf';
const OWN = '/root/.config/containers/containers.conf';
const sets = (...directories: string[]): string =>
  `[engine]\nhooks_dir = ${JSON.stringify(directories)}\n`;

interface Case {
  readonly files: Readonly<Record<string, string>>;
  /** Before 6: of releases that do not read root's own files, and of those that do. */
  readonly merged: readonly [readonly string[], readonly string[]];
  readonly single: readonly string[];
  /** Of the podman here, where it goes by older rules than any that are told apart. */
  readonly isBeyondPodman4?: true;
}

const cases: Readonly<Record<string, Case>> = {
  'nothing is configured': { files: {}, merged: [[USUAL], [USUAL]], single: [USUAL] },
  'the vendor says something, and the site something else': {
    files: { [VENDOR]: sets('/vendor'), [SITE]: '[containers]\npids_limit = 1\n' },
    merged: [['/vendor'], ['/vendor']],
    single: [USUAL],
  },
  'the site replaces what the vendor says': {
    files: { [VENDOR]: sets('/vendor'), [SITE]: sets('/site', '/other') },
    merged: [
      ['/site', '/other'],
      ['/site', '/other'],
    ],
    single: ['/site', '/other'],
  },
  'the last drop-in counts, by the bytes of its name, and only .conf': {
    files: {
      [SITE]: sets('/site'),
      [`${SITE}.d/10-b.conf`]: sets('/ten'),
      [`${SITE}.d/9-a.conf`]: sets('/nine'),
      [`${SITE}.d/99-z.conf.bak`]: sets('/backup'),
      [`${SITE}.d/Z.conf`]: '[engine]\n',
    },
    merged: [['/nine'], ['/nine']],
    single: ['/nine'],
  },
  'a directory of drop-ins is not looked into': {
    files: { [`${SITE}.d/x.conf/y.conf`]: sets('/below') },
    merged: [[USUAL], [USUAL]],
    single: [USUAL],
  },
  'root has files of its own': {
    files: { [SITE]: sets('/site'), [OWN]: sets('/own'), [`${OWN}.d/1.conf`]: '# nothing\n' },
    merged: [['/site'], ['/own']],
    single: ['/own'],
  },
  'an empty list is as good as none': {
    files: { [SITE]: '[engine]\nhooks_dir = []\n' },
    merged: [BOTH, BOTH],
    single: BOTH,
  },
  'keys are written otherwise': {
    files: { [SITE]: 'Engine = { "Hooks_Dir" = [ \'/dotted\', ] }\n' },
    merged: [['/dotted'], ['/dotted']],
    single: ['/dotted'],
  },
  'a list is appended to, and from then on': {
    files: {
      [SITE]: '[engine]\nhooks_dir = ["/site", {append = true}]\n',
      [`${SITE}.d/1.conf`]: sets('/one'),
    },
    merged: [
      [USUAL, '/site', '/one'],
      [USUAL, '/site', '/one'],
    ],
    single: [USUAL, '/site', '/one'],
    isBeyondPodman4: true,
  },
  'drop-ins for root alone, and one that hides another of its name': {
    files: {
      '/usr/share/containers/containers.conf.d/50-x.conf': sets('/hidden'),
      [`${SITE}.d/50-x.conf`]: '[engine]\n',
      '/etc/containers/containers.rootful.conf.d/40-y.conf': sets('/rootful'),
      '/etc/containers/containers.rootless.conf.d/60-z.conf': sets('/rootless'),
    },
    merged: [[USUAL], [USUAL]],
    single: ['/rootful'],
  },
};

/** What the podman of this machine reads with those files in place of its own. */
function askPodman(root: string): readonly string[] | undefined {
  const script = `
    mount -t tmpfs none /root && mount -t tmpfs none /usr/share/containers && mount -t tmpfs none /etc/containers
    for directory in root usr/share/containers etc/containers; do
      [ ! -d "$1/$directory" ] || cp -r "$1/$directory/." "/$directory/"
    done
    HOME=/root exec podman --help`;
  const args = ['--mount', 'sh', '-ec', script, 'sh', root];
  return hooksDirectoriesIn(execFileSync('unshare', args, { encoding: 'utf8' }));
}

describe("podman's hooks directories", () => {
  for (const [title, { files, merged, single, isBeyondPodman4 = false }] of Object.entries(cases)) {
    test(`are known when ${title}`, () => {
      const root = join(scratch, title);
      makeTree(root, { files });
      const host = hostAt(root);
      assert.deepEqual(podmanHooksDirectories(host, 4), merged);
      assert.deepEqual(podmanHooksDirectories(host, 6), [single]);
      assert.deepEqual(podmanHooksDirectories(host, undefined), [...merged, single]);
      if (!isBeyondPodman4) assert.deepEqual(askPodman(root), merged[0]);
    });
  }

  test('are not known from a file that podman cannot read either', () => {
    const root = join(scratch, 'broken');
    makeTree(root, { files: { [SITE]: '[engine\n' } });
    assert.throws(() => podmanHooksDirectories(hostAt(root), 4), /containers\.conf/);
  });
});
