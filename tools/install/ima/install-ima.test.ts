import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { HookError } from '#hook/errors';
import { ascii, PaperKernel, sigEntry } from '#hook/ima/paper-kernel.fixture';
import { run } from '#hook/ima/records.fixture';
import { FakeTpm } from '#hook/log/tpm-fake';
import { ToolError } from '#tools/errors';
import { makeTestDirectory } from '#tools/program.fixture';
import { type InstallImaOptions, installAt } from './install-ima.ts';
import type { Places } from './places.ts';
import { recordRule, ruleUuid } from './policy-file.ts';
import { UNIT_NAME } from './record-filesystem.ts';
import { uninstallAt } from './uninstall-ima.ts';

const SITE = '# of the site\nmeasure func=BPRM_CHECK uid=0';

let scratch: string;
let places: Places;
let kernel: PaperKernel;
let loops: string[];
let said: string;

function say(text: string): void {
  said += text;
}

beforeEach(async () => {
  scratch = makeTestDirectory('install');
  loops = [];
  said = '';
  const library = join(scratch, 'lib');
  places = {
    records: join(library, 'records'),
    image: join(library, 'records.ext4'),
    policy: join(scratch, 'etc/ima/ima-policy'),
    unit: join(scratch, 'etc/systemd', UNIT_NAME),
    hasSystemd: false,
  };
  kernel = new PaperKernel(scratch, new FakeTpm(), places.records);
  kernel.covers = false;
  writeFileSync(loader(), '', { mode: 0o200 });
  await kernel.measure(sigEntry('boot_aggregate', ascii('firmware')));
});
afterEach(() => {
  try {
    run('umount', '--quiet', places.records);
  } catch {
    // Most tests leave nothing mounted, some not even the directory.
  }
  for (const loop of loops) run('losetup', '--detach', loop);
  rmSync(scratch, { recursive: true });
});

/** Where the kernel takes a policy. */
function loader(): string {
  return join(kernel.directory, 'policy');
}

/** A kernel that measures records from when it was given the policy on. */
const tpm: InstallImaOptions['tpm'] = {
  readPcr: async (pcr) => {
    kernel.covers ||= readFileSync(loader(), 'utf8') === places.policy;
    return await kernel.tpm.readPcr(pcr);
  },
};

async function install(options: Partial<InstallImaOptions> = {}): Promise<number> {
  const all = { partition: undefined, load: false, dryRun: false, tpm, say, ...options };
  return await installAt(places, kernel.directory, all);
}

async function uninstall(dryRun = false): Promise<number> {
  return await uninstallAt(places, { dryRun, isRequired: true, say });
}

function writePolicy(text: string, mode = 0o640): void {
  mkdirSync(join(scratch, 'etc/ima'), { recursive: true });
  writeFileSync(places.policy, text, { mode });
}

/** Every path that an installation could have to do with; with bytes and inode for a file that is not the list. */
function picture(): readonly string[] {
  return readdirSync(scratch, { recursive: true, encoding: 'utf8' })
    .filter((path) => !path.startsWith('securityfs'))
    .toSorted()
    .map((path) => {
      const facts = lstatSync(join(scratch, path));
      const isSmall = facts.isFile() && facts.size < 1_000_000;
      const text = isSmall ? readFileSync(join(scratch, path), 'utf8') : '';
      return `${path} ${facts.ino} ${facts.mode.toString(8)} ${facts.mtimeMs} ${text}`;
    });
}

/** A partition, as far as anybody can see. */
function partition(): string {
  const file = join(scratch, 'disk');
  writeFileSync(file, '');
  truncateSync(file, 128 * 1024 * 1024);
  const loop = run('losetup', '--find', '--show', file).trim();
  loops.push(loop);
  return loop;
}

const isRefused = (pattern: RegExp) => (error: unknown) =>
  (error instanceof ToolError || error instanceof HookError) && pattern.test(error.message);

describe('install ima', () => {
  test('makes a filesystem that the hook takes, and the rule about it', async () => {
    assert.equal(await install(), 0);
    const uuid = ruleUuid(readFileSync(places.policy, 'utf8'));
    assert.equal(run('blkid', '-p', '-s', 'UUID', '-o', 'value', places.image).trim(), uuid);
    const { mode, size, blocks } = lstatSync(places.image);
    assert.equal(mode & 0o777, 0o600);
    assert.ok(blocks * 512 < size / 2, 'it is sparse');
    assert.ok(Number(run('stat', '-f', '-c', '%d', places.records)) > 30_000, 'it has inodes');
    const options = run('findmnt', '--noheadings', '--output', 'OPTIONS', places.records);
    for (const option of ['nosuid', 'nodev', 'noexec']) assert.match(options, RegExp(option));
  });

  test('puts the rule before what the file has, whose every byte stays', async () => {
    writePolicy(SITE);
    await install();
    const text = readFileSync(places.policy, 'utf8');
    assert.ok(text.endsWith(SITE));
    assert.ok(text.indexOf('fowner=') < text.indexOf('BPRM_CHECK'));
    assert.equal(lstatSync(places.policy).mode & 0o777, 0o640);
  });

  test('changes nothing when it is asked for again', async () => {
    writePolicy(SITE);
    await install();
    const before = picture().filter((line) => !line.startsWith('lib/records'));
    const uuid = run('blkid', '-p', '-s', 'UUID', places.image);
    said = '';
    assert.equal(await install(), 0);
    assert.match(said, /^everything is there: .*\nthe rule is not in force yet.*\n$/);
    assert.deepEqual(
      picture().filter((line) => !line.startsWith('lib/records')),
      before,
    );
    assert.equal(run('blkid', '-p', '-s', 'UUID', places.image), uuid);
    assert.equal(run('findmnt', '--noheadings', places.records).trim().split('\n').length, 1);
  });

  test('says what it would do, and does nothing, if that is all that is wanted', async () => {
    writePolicy(SITE);
    const before = picture();
    assert.equal(await install({ dryRun: true, load: true }), 0);
    assert.deepEqual(picture(), before);
    assert.equal(readFileSync(loader(), 'utf8'), '');
    assert.match(
      said,
      /^make the record filesystem \S+ on \S+, mounted at \S+\nwrite .*\nwrite .*\n/,
    );
    assert.match(
      said,
      /\n {4}measure func=FILE_CHECK .* fowner=65521 .*\n(?: {4}.*\n)* {4}measure func=BPRM/,
    );
    assert.match(said, /\n\+\+\+ "b\S+\.mount"\n(?:.*\n)*\+Type=ext4\n/);
    assert.match(said, /\n\+measure func=FILE_CHECK .*\n(?:.*\n)* measure func=BPRM_CHECK uid=0\n/);
  });

  test('has the kernel take the policy with --load, once', async () => {
    assert.equal(await install({ load: true }), 0);
    assert.equal(readFileSync(loader(), 'utf8'), places.policy);
    assert.match(said, /the policy is loaded.*\nproved: .*\n$/);
    rmSync(loader());
    said = '';
    assert.equal(await install({ load: true }), 0);
    assert.match(said, /^everything is there: .*\nproved: .*\n$/);
  });

  test('loads no policy that the kernel tells to be in force, even where it would take it again', async () => {
    await install({ load: true });
    const inForce = `${recordRule(ruleUuid(readFileSync(places.policy, 'utf8')) ?? '')} \n`;
    writeFileSync(loader(), inForce);
    assert.equal(await install({ load: true }), 0);
    assert.equal(readFileSync(loader(), 'utf8'), inForce);
  });

  test('loads no policy that would end a rule in force, and does nothing then', async () => {
    writePolicy(SITE);
    writeFileSync(loader(), 'measure func=MODULE_CHECK \n');
    const before = picture();
    await assert.rejects(
      install({ load: true }),
      isRefused(/would end .*: measure func=MODULE_CHECK$/),
    );
    assert.deepEqual(picture(), before);
    assert.equal(await install(), 0);
  });

  test('is not content with a policy that has no effect', async () => {
    const blind = { readPcr: async (pcr: number) => await kernel.tpm.readPcr(pcr) };
    assert.equal(await install({ load: true, tpm: blind }), 1);
  });

  test('says that the kernel takes no policy, once everything is in place', async () => {
    writePolicy(SITE);
    chmodSync(loader(), 0o400);
    await assert.rejects(install({ load: true }), isRefused(/takes no other policy/));
    assert.ok(existsSync(places.image));
    assert.ok(ruleUuid(readFileSync(places.policy, 'utf8')));
  });

  test('does nothing where the policy in force cannot be known', async () => {
    chmodSync(loader(), 0o000);
    const before = picture();
    await assert.rejects(install(), isRefused(/does not tell what it says/));
    assert.deepEqual(picture(), before);
  });

  test('goes on with what another one left half done', async () => {
    mkdirSync(join(scratch, 'lib'));
    writeFileSync(`${places.image}.new`, 'half a filesystem');
    await install();
    run('umount', places.records);
    const uuid = ruleUuid(readFileSync(places.policy, 'utf8'));
    rmSync(places.policy);
    await install();
    assert.equal(ruleUuid(readFileSync(places.policy, 'utf8')), uuid);
    assert.deepEqual(readdirSync(join(scratch, 'lib')).toSorted(), ['records', 'records.ext4']);
  });

  test('takes a partition, and stays with it', async () => {
    const device = partition();
    assert.equal(await install({ partition: device, load: true }), 0);
    assert.ok(!existsSync(places.image));
    const uuid = ruleUuid(readFileSync(places.policy, 'utf8'));
    assert.match(
      readFileSync(places.unit, 'utf8'),
      RegExp(`^What=/dev/disk/by-uuid/${uuid}$`, 'm'),
    );
    assert.equal(await install({ partition: device }), 0);
    assert.equal(ruleUuid(readFileSync(places.policy, 'utf8')), uuid);
    await assert.rejects(install({ partition: partition() }), isRefused(/are on .* already/));
  });

  test('keeps a record filesystem that is on the partition', async () => {
    const device = partition();
    const uuid = crypto.randomUUID();
    run('mkfs.ext4', '-q', '-U', uuid, '-L', 'oci-measure', device);
    await install({ partition: device });
    assert.equal(ruleUuid(readFileSync(places.policy, 'utf8')), uuid);
  });

  type Plant = () => string | undefined;
  const planted: readonly (readonly [string, Plant, RegExp])[] = [
    [
      'a partition that holds something',
      () => {
        const device = partition();
        run('mkfs.ext4', '-q', '-L', 'data', device);
        return device;
      },
      /to be empty or a record filesystem, found "ext4 data"/,
    ],
    [
      'a disk with a partition table',
      () => {
        const device = partition();
        // An MBR: one partition of type Linux from sector 2048 on, and the signature at the end.
        const table = Buffer.alloc(512);
        Buffer.from('0000000083000000 00080000 00f80100'.replaceAll(' ', ''), 'hex').copy(
          table,
          446,
        );
        Buffer.from('55aa', 'hex').copy(table, 510);
        writeFileSync(device, table);
        return device;
      },
      /to be empty or a record filesystem/,
    ],
    ['what is no partition', () => '/dev/null', /expected a partition at "\/dev\/null"/],
    [
      'a file where the image is to be',
      () => {
        mkdirSync(join(scratch, 'lib'));
        writeFileSync(places.image, 'of somebody');
        return undefined;
      },
      /to be empty or a record filesystem, found "a file"/,
    ],
    [
      'another filesystem at the mount point',
      () => {
        mkdirSync(places.records, { recursive: true });
        run('mount', '-t', 'tmpfs', 'none', places.records);
        return undefined;
      },
      /another filesystem is mounted/,
    ],
    [
      'a directory in the place of the policy file',
      () => {
        mkdirSync(places.policy, { recursive: true });
        return undefined;
      },
      /expected a file at .*ima-policy", found another kind/,
    ],
  ];
  for (const [title, plant, message] of planted) {
    test(`refuses ${title}, and does nothing`, async () => {
      const device = plant();
      const before = picture();
      await assert.rejects(install({ partition: device }), isRefused(message));
      assert.deepEqual(picture(), before);
    });
  }

  test('writes a mount unit that systemd understands', async () => {
    await install();
    const unit = readFileSync(places.unit, 'utf8');
    assert.match(unit, RegExp(`^What=${places.image}$`, 'm'));
    // systemd insists that a unit is named after its mount point.
    const copy = join(scratch, UNIT_NAME);
    writeFileSync(copy, unit.replace(/^Where=.*$/m, 'Where=/var/lib/oci-measure/records'));
    run('systemd-analyze', 'verify', '--man=no', copy);
  });
});

describe('uninstall ima', () => {
  for (const [title, plant] of Object.entries<() => void>({
    'no policy file': () => mkdirSync(join(scratch, 'etc/ima'), { recursive: true }),
    'a policy file of the site': () => writePolicy(SITE, 0o600),
    'an empty policy file': () => writePolicy(''),
  })) {
    test(`leaves what it found: ${title}`, async () => {
      mkdirSync(join(scratch, 'etc/systemd'), { recursive: true });
      plant();
      const before = picture();
      await install({ load: true });
      await install();
      assert.equal(await uninstall(), 0);
      const files = (lines: readonly string[]) =>
        lines.filter((line) => /^etc\/(?:ima|systemd)\//.test(line));
      assert.deepEqual(files(picture()), files(before));
      assert.ok(!existsSync(join(scratch, 'lib')));
    });
  }

  test('removes the directories that were not there before, unless something is in them', async () => {
    mkdirSync(join(scratch, 'etc'));
    await install();
    await install();
    await uninstall();
    assert.deepEqual(readdirSync(join(scratch, 'etc')), []);
    await install();
    writeFileSync(join(scratch, 'etc/ima/keys'), '');
    await uninstall();
    assert.deepEqual(readdirSync(join(scratch, 'etc')), ['ima']);
    assert.deepEqual(readdirSync(join(scratch, 'etc/ima')), ['keys']);
  });

  test('keeps what was written into the policy file since', async () => {
    writePolicy(SITE);
    await install();
    writeFileSync(places.policy, '\nmeasure uid=7\n', { flag: 'a' });
    await uninstall();
    assert.equal(readFileSync(places.policy, 'utf8'), `${SITE}\nmeasure uid=7\n`);
    assert.deepEqual(readdirSync(join(scratch, 'etc/ima')), ['ima-policy']);
  });

  test('does nothing where nothing is installed, or that is all that is wanted', async () => {
    writePolicy(SITE);
    const before = picture();
    assert.equal(await uninstall(), 0);
    assert.equal(said, 'nothing is installed\n');
    assert.deepEqual(picture(), before);
    await install();
    const installed = picture();
    said = '';
    assert.equal(await uninstall(true), 0);
    assert.deepEqual(picture(), installed);
    assert.match(said, /\n-measure func=FILE_CHECK /);
    assert.match(said, /\nnote: .*no container starts without this/);
  });

  test('leaves the records on a partition', async () => {
    const device = partition();
    await install({ partition: device });
    await uninstall();
    assert.match(run('blkid', '-p', device), /LABEL="oci-measure"/);
  });

  test('goes on with what another one left half done', async () => {
    await install();
    rmSync(places.policy);
    run('umount', places.records);
    await uninstall();
    assert.deepEqual(readdirSync(scratch), ['securityfs']);
  });
});
