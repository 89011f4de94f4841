import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { GuestHost } from './containers.ts';
import { type ListedFile, parseList, replayedToPcr } from './kernel-list.ts';

export const RECORDS = '/var/lib/oci-measure/records';
const IMA = '/sys/kernel/security/ima';

/** A start as our own log has it: the record's name in the kernel's list, and what it says. */
interface LoggedStart {
  /** SHA-256 of `content.string`. */
  readonly record: string;
  readonly id: string;
  readonly rootfs: string;
}

interface Finding {
  readonly check: string;
  readonly status: string;
  readonly found: string;
  readonly mend?: string;
}

/** A container host whose kernel's list is to have every container. */
export class ImaHost extends GuestHost {
  /** Runs a command of the program that must succeed. */
  async command(words: string): Promise<string> {
    return await this.machine.sh(`/opt/oci-measure ${words} --config ${this.config}`);
  }

  /** What doctor finds about IMA; [] where there is nothing to mend. */
  async imaFindings(): Promise<Finding[]> {
    const script = `/opt/oci-measure doctor --json --config ${this.config}`;
    const { stdout, stderr } = await this.machine.run(script);
    assert.ok(stdout.startsWith('{'), stderr);
    const { findings } = JSON.parse(stdout) as { findings: Finding[] };
    const ofIma = findings.filter(({ check }) => check === 'ima');
    assert.notEqual(ofIma.length, 0);
    return ofIma.filter(({ status }) => status !== 'ok');
  }

  /** The kernel's list as it prints it. */
  async readList(): Promise<ListedFile[]> {
    return parseList(await this.machine.sh(`cat ${IMA}/ascii_runtime_measurements`));
  }

  /** What the kernel lists while something is done. */
  async listedBy(act: () => Promise<unknown>): Promise<ListedFile[]> {
    const { length } = await this.readList();
    await act();
    return (await this.readList()).slice(length);
  }

  /**
   * Asserts that the list explains PCR 10, in the eyes of ima-evm-utils and of our own reader.
   * The PCRs are read first: the list goes on growing.
   */
  async assertListReplays(): Promise<void> {
    const { exitCode, stdout } = await this.machine.run(`
      tpm2_pcrread -Q -o /tmp/pcrs.bin sha256:all
      cat ${IMA}/binary_runtime_measurements >/tmp/list
      od -An -v -tx1 -w32 /tmp/pcrs.bin | awk '{ printf "PCR-%02d:%s\\n", NR - 1, toupper($0) }' >/tmp/pcrs
      evmctl ima_measurement --pcrs sha256,/tmp/pcrs --ignore-violations /tmp/list 2>&1`);
    assert.equal(exitCode, 0, stdout);
    assert.match(stdout, /Matched per TPM bank/);
    const pcrs = await this.machine.copyOut('/tmp/pcrs.bin');
    const list = await this.machine.copyOut('/tmp/list');
    assert.ok(replayedToPcr(list, pcrs.subarray(10 * 32, 11 * 32)), 'our reader');
  }

  /** Starts in the order of our own log, without those that were denied after all. */
  async loggedStarts(): Promise<LoggedStart[]> {
    const text = (await this.machine.copyOut(`${this.state}/measurements.cel`)).toString();
    const strings = text
      .split('\x1e')
      .slice(1)
      .map((part) => String(JSON.parse(part).content.string));
    const events = strings.map((string) => ({ record: sha256(string), ...JSON.parse(string) }));
    const denied = events.filter(({ type }) => type === 'denied').map(startOf);
    return events.filter((event) => event.type === 'container' && !denied.includes(startOf(event)));
  }

  /**
   * Asserts that the kernel's list and our log tell of the same starts, in the same order; but for records that `install` and `doctor`
   * show the kernel, which are of no container.
   */
  async assertOneStory(): Promise<void> {
    const starts = await this.loggedStarts();
    const listed = (await this.readList()).filter(({ path }) => path.startsWith(`${RECORDS}/c`));
    const ofContainers = listed.filter((entry) => !isCanary(entry));
    assert.deepEqual(ofContainers.map(hashAndPath), starts.map(containerEntry));
    const images = (await this.readList()).filter(({ path }) => path.startsWith(`${RECORDS}/i`));
    const digests = new Set(starts.map(({ rootfs }) => rootfs));
    assert.deepEqual(images.map(hashAndPath), [...digests].map(imageEntry));
  }
}

function startOf({ id, pid, startTime }: Record<string, unknown>): string {
  return `${String(id)} ${String(pid)} ${String(startTime)}`;
}

/** docs/ima-records.md §2, by code of its own. */
export function containerEntry({ id, rootfs, record }: LoggedStart): string {
  const content = `oci-measure.container.v1 ${id} ${rootfs} ${record}\n`;
  return `${sha256(content)} ${RECORDS}/containers/${record}`;
}

export function imageEntry(rootfs: string): string {
  const name = rootfs.replace(':', '-');
  return `${sha256(`oci-measure.image.v1 ${rootfs}\n`)} ${RECORDS}/images/${name}`;
}

export function hashAndPath({ hash, path }: ListedFile): string {
  return `${hash} ${path}`;
}

function isCanary({ hash, path }: ListedFile): boolean {
  const rootfs = `sha256:${'0'.repeat(64)}`;
  const canary = { id: 'oci-measure-canary', rootfs, record: path.slice(-64) };
  return containerEntry(canary) === `${hash} ${path}`;
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
