import assert from 'node:assert/strict';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { HookError } from '#hook/errors';
import { startSwtpm } from '#hook/log/swtpm.fixture';
import type { Tpm } from '#hook/log/tpm';
import { FakeTpm } from '#hook/log/tpm-fake';
import { createTpmTools } from '#hook/log/tpm-tools';
import type { ImaResult } from './confirm.ts';
import { type ImaStart, measureOnList } from './ima-session.ts';
import { type ListFile, openList } from './list-file.ts';
import { encodeEntry } from './measurement-list.ts';
import { ascii, PaperKernel, sigEntry } from './paper-kernel.fixture.ts';
import { run, type ScratchRecords, scratchRecords } from './records.fixture.ts';

const digest = (character: string) => `sha256:${character.repeat(64)}` as const;
const bootAggregate = sigEntry('boot_aggregate', ascii('firmware'));
const someFile = (number: number) => sigEntry(`/usr/bin/${number}`, ascii(String(number)));

let records: ScratchRecords;
before(() => {
  records = scratchRecords();
});
after(() => {
  records[Symbol.dispose]();
});

/** Of several, the one made last has the record filesystem. */
class Machine implements Disposable {
  readonly scratch: string = mkdtempSync(join(records.scratch, 'machine-'));
  readonly state: string = join(this.scratch, 'state');
  readonly kernel: PaperKernel;
  starts = 0;
  interrupt: () => void = () => {};
  bytesRead = 0;

  constructor(tpm: Tpm) {
    mkdirSync(this.state, { mode: 0o700 });
    for (const name of readdirSync(records.directory)) {
      rmSync(join(records.directory, name), { recursive: true });
    }
    this.kernel = new PaperKernel(this.scratch, tpm, records.directory);
  }

  static async boot(tpm: Tpm = new FakeTpm()): Promise<Machine> {
    const machine = new Machine(tpm);
    await machine.kernel.measure(bootAggregate);
    return machine;
  }

  async start(image: string, more: Partial<ImaStart> = {}): Promise<ImaResult> {
    this.starts += 1;
    const record = this.starts.toString(16).padStart(64, '0');
    const id = `c${this.starts}`;
    const start = { id, rootfs: digest(image), record, hasImageRecord: true, ...more };
    const options = { state: this.state, tpm: this.kernel.tpm, interrupt: () => this.interrupt() };
    this.bytesRead = 0;
    using list = await openList(this.kernel.directory);
    assert.ok(list);
    return await measureOnList(start, options, this.#counted(list), records.directory);
  }

  #counted(list: ListFile): ListFile {
    const read = (offset: number, into: Uint8Array): number => {
      const length = list.read(offset, into.subarray(0, 4096));
      this.bytesRead += length;
      return length;
    };
    return { ...list, read };
  }

  async outcomes(image: string, more: Partial<ImaStart> = {}): Promise<unknown> {
    const result = await this.start(image, more);
    return [result.image, result.container];
  }

  async refusal(image: string, more: Partial<ImaStart> = {}): Promise<string> {
    const thrown: unknown = await this.start(image, more).catch((error: unknown) => error);
    assert.ok(thrown instanceof HookError, String(thrown));
    assert.equal(thrown.code, 'ima');
    return thrown.message;
  }

  at(...names: string[]): string {
    return join(records.directory, ...names);
  }

  /** As CONFIG_IMA_STAGING lets a program do. */
  keepOnlyLast(entries: number): void {
    const list = readFileSync(this.kernel.path);
    const each = encodeEntry(someFile(1), 'little').length;
    writeFileSync(this.kernel.path, list.subarray(list.length - entries * each));
  }

  [Symbol.dispose](): void {
    rmSync(this.scratch, { recursive: true });
  }
}

describe('a start that the kernel measures', () => {
  it('is measured, image and container, into the PCR of a software TPM', async () => {
    await using swtpm = await startSwtpm();
    using machine = await Machine.boot(createTpmTools({ tcti: swtpm.tcti, timeoutSeconds: 10 }));
    const expected = { image: 'measured', container: 'measured', headless: false };
    assert.deepEqual(await machine.start('a'), expected);
    assert.deepEqual(await machine.start('b'), expected);
  });

  it('leaves its image record and no container record', async () => {
    using machine = await Machine.boot();
    await machine.start('a');
    assert.deepEqual(readdirSync(machine.at('containers')), []);
    assert.deepEqual(readdirSync(machine.at('images')), [`sha256-${'a'.repeat(64)}`]);
  });

  it('has no image record where what was measured is not an image', async () => {
    using machine = await Machine.boot();
    const outcomes = await machine.outcomes('a', { hasImageRecord: false });
    assert.deepEqual(outcomes, [undefined, 'measured']);
    assert.deepEqual(readdirSync(machine.at('images')), []);
  });

  it('finds its image measured already by another start of this boot', async () => {
    using machine = await Machine.boot();
    await machine.start('a');
    await machine.kernel.measure(someFile(1));
    const length = readFileSync(machine.kernel.path).length;
    assert.deepEqual(await machine.outcomes('a'), ['already-measured', 'measured']);
    const entry = readFileSync(machine.kernel.path).subarray(length).toString('latin1');
    assert.match(entry, /containers/);
    assert.doesNotMatch(entry, /images/);
  });

  it('finds its image measured already when what was remembered is lost', async () => {
    using machine = await Machine.boot();
    await machine.start('a');
    rmSync(join(machine.state, 'ima-images'), { recursive: true });
    assert.deepEqual(await machine.outcomes('a'), ['already-measured', 'measured']);
  });

  it('is measured among entries of others, violations, other registers and templates', async () => {
    using machine = await Machine.boot();
    const violation = { ...someFile(2), templateDigest: new Uint8Array(20) };
    const unknown = { ...someFile(3), template: 'evm-sig' };
    const other = { ...someFile(4), pcr: 12 };
    await machine.kernel.measure(someFile(1), violation, unknown, other);
    machine.kernel.meanwhile = async () => machine.kernel.measure(someFile(machine.starts + 9));
    assert.deepEqual(await machine.outcomes('a'), ['measured', 'measured']);
    assert.deepEqual(await machine.outcomes('b'), ['measured', 'measured']);
  });

  it('reads as much of a list of 3,000 entries as of one of three, from the second start on', async () => {
    using machine = await Machine.boot();
    await machine.start('a');
    await machine.start('a');
    const little = machine.bytesRead;
    await machine.kernel.measure(...Array.from({ length: 3000 }, (_, number) => someFile(number)));
    await machine.start('a');
    assert.ok(machine.bytesRead > 100 * little, `${machine.bytesRead}`);
    await machine.start('a');
    assert.ok(machine.bytesRead < 2 * little + 4096, `${machine.bytesRead} after ${little}`);
  });
});

describe('a start that the kernel does not measure', () => {
  it('is not covered where the policy has no rule, until it has', async () => {
    using machine = await Machine.boot();
    machine.kernel.covers = false;
    const { reason, ...outcomes } = await machine.start('a');
    assert.deepEqual(outcomes, {
      image: 'not-covered',
      container: 'not-covered',
      headless: false,
    });
    assert.match(reason ?? '', /does not hold .*containers\/.* no rule of the IMA policy/);
    machine.kernel.covers = true;
    assert.deepEqual(await machine.outcomes('a'), ['measured', 'measured']);
  });

  it('is not in the PCR where the TPM does not answer the kernel, and so is every later one', async () => {
    using machine = await Machine.boot();
    await machine.start('a');
    machine.kernel.extends = false;
    const lost = await machine.start('b');
    assert.deepEqual([lost.image, lost.container], ['not-in-pcr', 'not-in-pcr']);
    assert.match(lost.reason ?? '', /list and PCR part ways after entry 3/);
    machine.kernel.extends = true;
    const later = await machine.start('c');
    assert.deepEqual([later.image, later.container], ['not-in-pcr', 'not-in-pcr']);
    assert.match(later.reason ?? '', /does not replay to PCR 10 .*part ways/);
  });

  it('is not in the PCR where somebody else extended it', async () => {
    const tpm = new FakeTpm();
    using machine = await Machine.boot(tpm);
    await tpm.extendPcr(
      10,
      new Map([
        ['sha1', new Uint8Array(20)],
        ['sha256', new Uint8Array(32)],
      ]),
    );
    assert.deepEqual(await machine.outcomes('a'), ['not-in-pcr', 'not-in-pcr']);
  });

  it('is not covered by an entry in another register', async () => {
    using machine = await Machine.boot();
    machine.kernel.covers = false;
    const content = `oci-measure.container.v1 c1 ${digest('a')} ${'1'.padStart(64, '0')}\n`;
    const path = machine.at('containers', '1'.padStart(64, '0'));
    await machine.kernel.measure(sigEntry(path, ascii(content), { pcr: 11 }));
    assert.deepEqual(await machine.outcomes('a'), ['not-covered', 'not-covered']);
  });

  it('is not covered by a violation, whatever it says', async () => {
    using machine = await Machine.boot();
    machine.kernel.covers = false;
    const content = `oci-measure.container.v1 c1 ${digest('a')} ${'1'.padStart(64, '0')}\n`;
    const path = machine.at('containers', '1'.padStart(64, '0'));
    const templateDigest = new Uint8Array(20);
    await machine.kernel.measure({ ...sigEntry(path, ascii(content)), templateDigest });
    assert.deepEqual(await machine.outcomes('a'), ['not-covered', 'not-covered']);
  });

  it('is not covered by an entry of its path and content with a signature that it has not', async () => {
    using machine = await Machine.boot();
    machine.kernel.covers = false;
    const content = `oci-measure.container.v1 c1 ${digest('a')} ${'1'.padStart(64, '0')}\n`;
    const path = machine.at('containers', '1'.padStart(64, '0'));
    await machine.kernel.measure(sigEntry(path, ascii(content), { signature: Uint8Array.of(3) }));
    assert.deepEqual(await machine.outcomes('a'), ['not-covered', 'not-covered']);
  });

  it('is not covered by an entry of its path with other content', async () => {
    using machine = await Machine.boot();
    machine.kernel.covers = false;
    const path = machine.at('containers', '1'.padStart(64, '0'));
    await machine.kernel.measure(sigEntry(path, ascii('something else')));
    assert.deepEqual(await machine.outcomes('a'), ['not-covered', 'not-covered']);
  });
});

describe('banks', () => {
  it('are confirmed by SHA-256 whatever the others hold', async () => {
    using machine = await Machine.boot(new FakeTpm(['sha1', 'sha256', 'sha384']));
    machine.kernel.padded = ['sha384'];
    assert.deepEqual(await machine.outcomes('a'), ['measured', 'measured']);
  });

  it('that hold padded SHA-1 digests are told and not believed', async () => {
    using machine = new Machine(new FakeTpm(['sha384', 'sha512']));
    machine.kernel.padded = ['sha384', 'sha512'];
    await machine.kernel.measure(bootAggregate);
    assert.match(await machine.refusal('a'), /sha384 and sha512 alone.*SHA-1 digests padded/);
  });

  it('may be SHA-1 alone, beside padded ones too', async () => {
    for (const banks of [['sha1'], ['sha1', 'sha512']] as const) {
      using machine = new Machine(new FakeTpm(banks));
      machine.kernel.padded = ['sha512'];
      await machine.kernel.measure(bootAggregate);
      assert.deepEqual(await machine.outcomes('a'), ['measured', 'measured']);
      assert.deepEqual(await machine.outcomes('a'), ['already-measured', 'measured']);
    }
  });

  it('that cannot be replayed are refused', async () => {
    using machine = new Machine(new FakeTpm(['sha3_256']));
    machine.kernel.extends = false;
    await machine.kernel.measure(bootAggregate);
    assert.match(await machine.refusal('a'), /no bank that can be replayed, only sha3_256/);
  });
});

describe('what was remembered', () => {
  it('is left behind where the list is another one', async () => {
    using machine = await Machine.boot();
    await machine.start('a');
    using other = await Machine.boot();
    await other.kernel.measure(someFile(1), someFile(2), someFile(3));
    run('cp', join(machine.state, 'ima.json'), other.state);
    assert.deepEqual(await other.outcomes('a'), ['measured', 'measured']);
  });

  it('is left behind where it is of another boot, damaged, or not to be read', async () => {
    using machine = await Machine.boot();
    await machine.start('a');
    const path = join(machine.state, 'ima.json');
    const good = readFileSync(path, 'utf8');
    const otherBoot = good.replace(/"bootId":"[0-9a-f]{32}"/, `"bootId":"${'0'.repeat(32)}"`);
    const otherValue = good.replace(/"value":"[0-9a-f]{64}"/, `"value":"${'0'.repeat(64)}"`);
    assert.notEqual(otherBoot, good);
    for (const content of [otherBoot, '', '{', '[]', 'null', good.replace('"v":1', '"v":2')]) {
      writeFileSync(path, content);
      assert.deepEqual(await machine.outcomes('a'), ['already-measured', 'measured'], content);
    }
    assert.notEqual(otherValue, good);
    writeFileSync(path, otherValue);
    assert.deepEqual(await machine.outcomes('a'), ['already-measured', 'measured']);
  });

  it('cannot be written, and nothing comes of it', async () => {
    using machine = await Machine.boot();
    mkdirSync(join(machine.state, '.ima.json.new'));
    writeFileSync(join(machine.state, 'ima-images'), '');
    assert.deepEqual(await machine.outcomes('a'), ['measured', 'measured']);
    // Where nothing can be remembered, this is not told from the first time.
    assert.deepEqual(await machine.outcomes('a'), ['measured', 'measured']);
  });
});

describe('a list whose head was exported away', () => {
  it('is gone on with where the last entry seen is still there', async () => {
    using machine = await Machine.boot();
    await machine.start('a');
    const list = readFileSync(machine.kernel.path);
    const last = list.lastIndexOf('ima-sig') - 28;
    await machine.kernel.measure(someFile(1));
    writeFileSync(machine.kernel.path, readFileSync(machine.kernel.path).subarray(last));
    const expected = { image: 'already-measured', container: 'measured', headless: false };
    assert.deepEqual(await machine.start('a'), expected);
  });

  it('is anchored at the PCR where that is gone as well, or all of it', async () => {
    for (const kept of [0, 2]) {
      using machine = await Machine.boot();
      await machine.start('a');
      await machine.kernel.measure(someFile(1), someFile(2), someFile(3));
      machine.keepOnlyLast(kept);
      const first = await machine.start('a');
      assert.deepEqual(first, { image: 'already-measured', container: 'measured', headless: true });
      const second = await machine.start('b');
      assert.deepEqual(second, { image: 'measured', container: 'measured', headless: false });
    }
  });

  it('does not make a start measured whose extends were lost', async () => {
    using machine = await Machine.boot();
    await machine.kernel.measure(someFile(1), someFile(2));
    machine.keepOnlyLast(1);
    machine.kernel.extends = false;
    assert.deepEqual(await machine.outcomes('a'), ['not-in-pcr', 'not-in-pcr']);
  });

  it('is not called uncovered where it went away while it was looked at', async () => {
    using machine = await Machine.boot();
    machine.kernel.meanwhile = async () => Promise.resolve(machine.keepOnlyLast(0));
    assert.match(await machine.refusal('a'), /exported away while the record was looked for/);
    using later = await Machine.boot();
    await later.start('a');
    later.kernel.meanwhile = async () => Promise.resolve(later.keepOnlyLast(0));
    assert.match(await later.refusal('a'), /exported away while the record was looked for/);
  });
});

describe('an image record', () => {
  const name = `sha256-${'a'.repeat(64)}`;

  it('is made once', async () => {
    using machine = await Machine.boot();
    await machine.start('a');
    const made = run('stat', '--format=%i %Z', machine.at('images', name));
    await machine.start('a');
    assert.equal(run('stat', '--format=%i %Z', machine.at('images', name)), made);
  });

  it('carries a signature, and is measured again with another one', async () => {
    using machine = await Machine.boot();
    const signature = Uint8Array.of(3, 2, 4, 1, 2, 3, 4, 0, 1, 9);
    assert.deepEqual(await machine.outcomes('a'), ['measured', 'measured']);
    assert.deepEqual(await machine.outcomes('a', { signature }), ['measured', 'measured']);
    const shown = run(
      'getfattr',
      '--encoding=hex',
      '--name=security.ima',
      machine.at('images', name),
    );
    assert.match(shown, /security\.ima=0x03020401020304000109\n/);
    const same = await machine.outcomes('a', { signature });
    assert.deepEqual(same, ['already-measured', 'measured']);
    assert.deepEqual(await machine.outcomes('a'), ['already-measured', 'measured']);
  });

  it('may carry a hash that the kernel appraises it by, which is not listed', async () => {
    using machine = await Machine.boot();
    machine.kernel.covers = false;
    await machine.start('a');
    run('setfattr', '--name=security.ima', '--value=0x0404aabb', machine.at('images', name));
    machine.kernel.covers = true;
    assert.deepEqual(await machine.outcomes('a'), ['measured', 'measured']);
  });

  it('is not made with anything but a signature', async () => {
    using machine = await Machine.boot();
    for (const signature of [new Uint8Array(0), Uint8Array.of(4, 4, 1)]) {
      assert.match(await machine.refusal('a', { signature }), /is no signature/);
    }
    assert.deepEqual(readdirSync(machine.at('images')), []);
  });

  it('that holds something else is removed, the start fails, and the next one makes it anew', async () => {
    using machine = await Machine.boot();
    await machine.start('a');
    const path = machine.at('images', name);
    writeFileSync(path, readFileSync(path, 'utf8').replace('aaaa', 'bbbb'));
    assert.match(await machine.refusal('a'), /it held .*bbbb.* instead of .*: removed$/);
    assert.deepEqual(await machine.outcomes('a'), ['already-measured', 'measured']);
  });

  it('with another mode, owner or size is replaced without being opened', async () => {
    for (const spoil of [
      (path: string) => chmodSync(path, 0o644),
      (path: string) => run('chown', '0', path),
      (path: string) => writeFileSync(path, 'x'),
    ]) {
      using machine = await Machine.boot();
      await machine.start('a');
      spoil(machine.at('images', name));
      assert.deepEqual(await machine.outcomes('a'), ['already-measured', 'measured']);
      assert.equal(run('stat', '--format=%a %u:%g', machine.at('images', name)), '444 65521:0\n');
    }
  });

  it('is refused where there is a directory or a link', async () => {
    for (const make of [
      (path: string) => mkdirSync(path),
      (path: string) => run('ln', '-s', '/etc/passwd', path),
    ]) {
      using machine = await Machine.boot();
      await machine.start('b');
      make(machine.at('images', name));
      assert.match(await machine.refusal('a'), /is not a regular file/);
    }
  });
});

describe('a container record', () => {
  it('is not made for an id that could forge a line', async () => {
    using machine = await Machine.boot();
    await machine.start('b');
    for (const id of ['', 'a b', 'a\n', 'a\u0000', 'a\u001b[1m', 'ä', 'a'.repeat(256)]) {
      assert.match(await machine.refusal('a', { id }), /printable ASCII characters/);
    }
    assert.deepEqual(readdirSync(machine.at('images')), [`sha256-${'b'.repeat(64)}`]);
  });

  it('goes even where the start fails: the TPM does not answer, the time is up', async () => {
    using machine = await Machine.boot();
    machine.kernel.meanwhile = async () => Promise.reject(new HookError('tpm', 'no answer'));
    await assert.rejects(machine.start('a'), { code: 'tpm', message: 'no answer' });
    assert.deepEqual(readdirSync(machine.at('containers')), []);
    machine.kernel.meanwhile = async () => {
      machine.interrupt = () => {
        throw new HookError('deadline', 'late');
      };
      return Promise.resolve();
    };
    await assert.rejects(machine.start('a'), { code: 'deadline', message: 'late' });
    assert.deepEqual(readdirSync(machine.at('containers')), []);
  });

  it('that a dead hook left is removed when it is old, and not when it may be in use', async () => {
    using machine = await Machine.boot();
    await machine.start('a');
    const old = new Date(Date.now() - 7_200_000);
    for (const name of ['old', '.old.1', 'young'])
      writeFileSync(machine.at('containers', name), '');
    for (const name of ['old', '.old.1']) utimesSync(machine.at('containers', name), old, old);
    machine.kernel.covers = false;
    await machine.start('a');
    assert.deepEqual(readdirSync(machine.at('containers')), ['young']);
  });
});
