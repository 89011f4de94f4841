import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { type BundleOptions, type HookEntry, writeBundle } from '#integration/bundle';
import { type LoggedRecord, replay } from '#integration/replay-oracle';
import type { Machine, Result } from './machine.ts';

/** A container host in a machine: the program as it is delivered, with the machine's own TPM. */
export class GuestHost {
  readonly machine: Machine;
  readonly config = '/etc/oci-measure/config.toml';
  /** Below /run: it goes with the PCR when the machine is turned off. */
  readonly state = '/run/oci-measure';

  constructor(machine: Machine) {
    this.machine = machine;
  }

  /** Writes the configuration: TOML after the state directory. */
  async configure(toml = '[ima]\nmode = "off"\n'): Promise<void> {
    await this.machine.sh('mkdir -p /etc/oci-measure');
    await this.machine.copyIn(this.config, `state = "${this.state}"\n${toml}`);
  }

  /** The entry that the README tells people to write. */
  hookEntry(): HookEntry {
    return {
      path: '/opt/oci-measure',
      args: ['oci-measure', 'hook', '--config', this.config, 'createRuntime'],
      env: ['PATH=/usr/sbin:/usr/bin:/sbin:/bin', 'LANG=C.UTF-8'],
      timeout: 100,
    };
  }

  /** Runs a container to its end, of an overlay over `lower`, with the hook at createRuntime. */
  async runContainer(
    id: string,
    bundle: Partial<BundleOptions> = {},
    lower = '/srv/busybox',
  ): Promise<Result> {
    const directory = `/var/lib/bundles/${id}`;
    const layers = `lowerdir=${lower},upperdir=${directory}/upper,workdir=${directory}/work`;
    await this.machine.sh(`
      mkdir -p ${directory} && cd ${directory} && rm -rf upper work && mkdir -p upper work rootfs
      mount -t overlay -o ${layers} overlay rootfs`);
    const hooks = { createRuntime: [this.hookEntry()] };
    const spec = { rootPath: `${directory}/rootfs`, hooks, args: ['/bin/true'], ...bundle };
    await this.machine.copyIn(`${directory}/config.json`, configJson(spec));
    return await this.machine.run(`
      runc run --bundle ${directory} ${id}
      code=$?
      umount ${directory}/rootfs
      exit $code`);
  }

  /** Asserts that the log explains PCR 13 in every bank, and returns its events. */
  async assertReplays(): Promise<LoggedRecord['event'][]> {
    const { machine, state } = this;
    const records = parseLog((await machine.copyOut(`${state}/measurements.cel`)).toString());
    assert.deepEqual(replay(records), await this.readPcr());
    return records.map(({ event }) => event);
  }

  /** PCR 13 in every bank that the TPM has, in lower-case hexadecimal. */
  async readPcr(): Promise<Record<string, string>> {
    const banks = ['sha1', 'sha256', 'sha384', 'sha512'];
    const text = await this.machine.sh(
      `tpm2_pcrread ${banks.map((bank) => `${bank}:13`).join('+')}`,
    );
    const values: Record<string, string> = {};
    for (const [, bank = '', value = ''] of text.matchAll(/(sha\d+):\s+13\s*: 0x([0-9A-F]+)/g)) {
      values[bank] = value.toLowerCase();
    }
    return values;
  }
}

function configJson(options: BundleOptions): string {
  const directory = mkdtempSync(`${tmpdir()}/bundle-`);
  try {
    writeBundle(directory, options);
    return readFileSync(`${directory}/config.json`, 'utf8');
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function parseLog(text: string): LoggedRecord[] {
  return text
    .split('\x1e')
    .slice(1)
    .map((part) => {
      assert.ok(part.endsWith('\n'), 'every record ends in a line feed');
      const record = JSON.parse(part);
      return { ...record, event: JSON.parse(record.content.string) };
    });
}
