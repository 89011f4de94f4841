import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { HookError } from '#hook/errors';
import { ascii, PaperKernel, sigEntry } from '#hook/ima/paper-kernel.fixture';
import { run, type ScratchRecords, scratchRecords } from '#hook/ima/records.fixture';
import type { BankName } from '#hook/log/bank';
import { FakeTpm } from '#hook/log/tpm-fake';
import type { Places } from '#tools/install/ima/places';
import { recordRule, withOurRule } from '#tools/install/ima/policy-file';
import { UNIT_NAME } from '#tools/install/ima/record-filesystem';
import type { Finding } from './finding.ts';
import { checkSecurityfs } from './ima.ts';
import { checkRecords } from './ima-records.ts';

let filesystem: ScratchRecords;
let places: Places;
let kernel: PaperKernel;

beforeEach(async () => {
  filesystem = scratchRecords();
  const { scratch, directory, uuid } = filesystem;
  places = {
    records: directory,
    image: join(scratch, 'image'),
    policy: join(scratch, 'ima-policy'),
    unit: join(scratch, UNIT_NAME),
    hasSystemd: false,
  };
  writeFileSync(places.policy, withOurRule('', recordRule(uuid)));
  await boot();
});
afterEach(() => filesystem[Symbol.dispose]());

/** Anew, with a TPM of these banks. */
async function boot(
  banks: readonly BankName[] = ['sha1', 'sha256'],
  first = 'boot_aggregate',
  change: (kernel: PaperKernel) => void = () => {},
): Promise<void> {
  const directory = mkdtempSync(join(filesystem.scratch, 'boot-'));
  kernel = new PaperKernel(directory, new FakeTpm(banks), places.records);
  writeFileSync(join(kernel.directory, 'policy'), '', { mode: 0o200 });
  change(kernel);
  await kernel.measure(sigEntry(first, ascii('firmware')));
}

async function check(): Promise<readonly Finding[]> {
  return await checkRecords(places, kernel.directory, kernel.tpm);
}

describe('doctor, of records in the list of the kernel', () => {
  test('finds nothing wrong where a record is listed and extended', async () => {
    const [finding, ...others] = await check();
    assert.equal(finding?.status, 'ok', JSON.stringify(finding));
    assert.deepEqual(others, []);
  });

  type Plant = () => void | Promise<void>;
  type Expected = readonly [status: Finding['status'], found: RegExp, mend: RegExp];
  const planted: readonly (readonly [string, Plant, Expected])[] = [
    [
      'no record filesystem',
      () => void run('umount', places.records),
      ['problem', /a filesystem mounted there, found a directory/, /^oci-measure install ima$/],
    ],
    [
      'a record filesystem that is mounted with too many rights',
      () => void run('mount', '-o', 'remount,exec', places.records),
      ['problem', /without noexec/, /^umount \S+, then oci-measure install ima$/],
    ],
    [
      'a rule about another filesystem',
      () => writeFileSync(places.policy, recordRule('4f3f2c4e-9d0b-4a52-8a3e-0f6a6f0e9a11')),
      ['problem', /expected UUID "4f3f2c4e-.*", found /, /oci-measure install ima$/],
    ],
    [
      'no rule in the file, though one is in force',
      () => writeFileSync(places.policy, 'measure uid=0\n'),
      ['warning', /no rule about records in/, /^oci-measure install ima$/],
    ],
    [
      'a rule that is not in force',
      () => {
        kernel.covers = false;
      },
      ['problem', /the rule is not in force/, /^oci-measure install ima --load$/],
    ],
    [
      'a rule that is not in force, on a kernel that takes no policy in this boot',
      () => {
        kernel.covers = false;
        run('chmod', '0400', join(kernel.directory, 'policy'));
      },
      ['problem', /the rule is not in force/, /^restart the machine/],
    ],
    [
      'the same, and nothing installed',
      () => {
        kernel.covers = false;
        writeFileSync(places.policy, '');
        run('rm', join(kernel.directory, 'policy'));
      },
      ['problem', /the rule is not in force/, /^oci-measure install ima, then restart the machine/],
    ],
    [
      'a kernel that does not use the TPM',
      async () =>
        await boot(['sha1', 'sha256'], 'boot_aggregate', (one) => {
          one.extends = false;
        }),
      ['problem', /IMA does not use this TPM/, /driver built into the kernel/],
    ],
    [
      'a kernel that has lost the TPM',
      () => {
        kernel.extends = false;
      },
      ['problem', /list and PCR part ways/, /dmesg.*kexec keeps the PCR/],
    ],
    [
      'padded banks',
      async () =>
        await boot(['sha256', 'sha384', 'sha512'], 'boot_aggregate', (one) => {
          one.padded = ['sha384', 'sha512'];
        }),
      ['warning', /PCR 10 in sha384 and sha512: .* padded with zeros/, /by the sha256 bank/],
    ],
    [
      'padded banks and no other',
      async () =>
        await boot(['sha384'], 'boot_aggregate', (one) => {
          one.padded = ['sha384'];
        }),
      ['problem', /PCR 10 in sha384: .* padded with zeros/, /tpm2_pcrallocate sha256:all/],
    ],
    [
      'a list without its beginning',
      async () => await boot(['sha256'], '/usr/bin/later'),
      ['warning', /beginning of the kernel's list was exported/, /keep what was exported/],
    ],
    [
      'a record filesystem that is filling up',
      () => {
        const { ffree } = statfsSync(places.records);
        const old = join(places.records, 'old');
        mkdirSync(old);
        for (let made = 11; made < ffree; made++) writeFileSync(join(old, String(made)), '');
      },
      ['warning', /has \d+ inodes and \d+ blocks left/, /made again when they are needed/],
    ],
    [
      'a TPM that is silent',
      () => {
        kernel.meanwhile = async () => await Promise.reject(new HookError('tpm', 'no answer'));
      },
      ['problem', /no answer/, /the TPM first/],
    ],
  ];
  for (const [title, plant, [status, found, mend]] of planted) {
    test(`finds ${title}, and has a mend`, async () => {
      await plant();
      const findings = await check();
      const finding = findings.find((one) => found.test(one.found));
      assert.equal(finding?.status, status, JSON.stringify(findings));
      assert.match(finding.mend ?? '', mend);
    });
  }

  test('says what of securityfs is not as others expect it', () => {
    const point = '/sys/kernel/security';
    const mount = { id: 1, parent: 0, root: '/', point, superOptions: 'rw' };
    assert.deepEqual(checkSecurityfs(`${point}/ima`, []), []);
    const [missing] = checkSecurityfs('/proc/self/fd/7/ima', []);
    assert.match(missing?.found ?? '', /is not mounted/);
    const mounts = [
      { ...mount, type: 'securityfs' },
      { ...mount, type: 'tmpfs' },
    ];
    const [covered] = checkSecurityfs('/proc/self/fd/7/ima', mounts);
    assert.match(covered?.found ?? '', /is covered/);
  });
});
