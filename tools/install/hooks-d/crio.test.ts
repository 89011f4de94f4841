import assert from 'node:assert/strict';
import { mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { carryOut } from '#tools/install/driven.fixture';
import { hostAt } from '#tools/install/host';
import { makeTree } from '#tools/install/tree.fixture';
import { makeTestDirectory } from '#tools/program.fixture';
import { crioHooksDirectories } from './crio-conf.ts';

const scratch = makeTestDirectory('crio');
after(() => rmSync(scratch, { recursive: true }));

const MAIN = '/etc/crio/crio.conf';
const DROP_INS = '/etc/crio/crio.conf.d';
const sets = (...directories: string[]): string =>
  `[crio]\n[crio.runtime]\nhooks_dir = ${JSON.stringify(directories)}\n`;

interface Case {
  readonly files: Readonly<Record<string, string>>;
  readonly directories: readonly string[];
}

// From crio.conf(5), crio.conf.d(5) and pkg/config/config.go: there is no CRI-O to ask.
const cases: Readonly<Record<string, Case>> = {
  'nothing is configured': { files: {}, directories: ['/usr/share/containers/oci/hooks.d'] },
  'the main file says it': { files: { [MAIN]: sets('/a', '/b') }, directories: ['/a', '/b'] },
  'the last drop-in replaces it, whatever its name': {
    files: {
      [MAIN]: sets('/main'),
      [`${DROP_INS}/99-b`]: sets('/99'),
      [`${DROP_INS}/10-crio.conf`]: sets('/10'),
      [`${DROP_INS}/A.conf.bak`]: sets('/backup'),
      [`${DROP_INS}/B.conf`]: '[crio.image]\npause_image = "x"\n',
    },
    directories: ['/backup'],
  },
  'a drop-in is in a directory below': {
    files: { [`${DROP_INS}/a/x.conf`]: sets('/below'), [`${DROP_INS}/a.conf`]: sets('/beside') },
    directories: ['/beside'],
  },
  'a list is emptied': { files: { [MAIN]: sets() }, directories: [] },
};

describe("CRI-O's hooks directories", () => {
  for (const [title, { files, directories }] of Object.entries(cases)) {
    test(`are known when ${title}`, () => {
      const root = join(scratch, title);
      makeTree(root, { files });
      assert.deepEqual(crioHooksDirectories(hostAt(root)), directories);
    });
  }
});

describe('an installation for CRI-O', () => {
  const order = { engine: 'crio', program: process.execPath, dryRun: true } as const;

  test('says where flags override what was looked at', async () => {
    const root = join(scratch, 'flags');
    makeTree(root, { files: { '/etc/sysconfig/crio': 'CRIO_OPTIONS="--hooks-dir /x"\n' } });
    const said = await carryOut({ ...order, action: 'install', root });
    assert.match(said, /^note: \/etc\/sysconfig\/crio overrides where CRI-O looks/m);
  });

  test('says so of a unit once, however many names it has', async () => {
    const root = join(scratch, 'unit');
    const text = '[Service]\nExecStart=/usr/bin/crio --hooks-dir /x\n';
    makeTree(root, { files: { '/usr/lib/systemd/system/crio.service': text } });
    symlinkSync('usr/lib', join(root, 'lib'));
    const said = await carryOut({ ...order, action: 'install', root });
    const notes = [...said.matchAll(/^note: (\S+) overrides/gm)].map(([, path]) => path);
    assert.deepEqual(notes, ['/usr/lib/systemd/system/crio.service']);
  });

  test('does not stumble over odd things among the hooks', async () => {
    const root = join(scratch, 'odd');
    const directory = join(root, 'usr/share/containers/oci/hooks.d');
    mkdirSync(join(directory, 'directory.json'), { recursive: true });
    symlinkSync('/nowhere', join(directory, 'dangling.json'));
    symlinkSync('dangling.json', join(directory, 'link.json'));
    const said = await carryOut({ ...order, action: 'install', root });
    assert.match(said, /^\+\+\+ b\/usr\/share\/containers\/oci\/hooks\.d\/oci-measure\.json$/m);
  });
});
