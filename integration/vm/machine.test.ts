import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import type { KernelName } from './images.ts';
import { bootMachine, type Machine } from './machine.ts';

const ima = '/sys/kernel/security/ima';
const release: Record<KernelName, RegExp> = { bookworm: /^6\.1\./, trixie: /^6\.12\./ };

/** Replays the kernel's list and compares it with the TPM's PCR 10, by ima-evm-utils. The PCRs come first: the list goes on growing. */
const evmctl = `
  tpm2_pcrread -Q -o /tmp/pcrs.bin sha256:all
  cat ${ima}/binary_runtime_measurements >/tmp/list
  od -An -v -tx1 -w32 /tmp/pcrs.bin | awk '{ printf "PCR-%02d:%s\\n", NR - 1, toupper($0) }' >/tmp/pcrs
  evmctl ima_measurement --pcrs sha256,/tmp/pcrs /tmp/list 2>&1`;

async function entries(machine: Machine): Promise<string[]> {
  const text = await machine.sh(`cat ${ima}/ascii_runtime_measurements`);
  return text.trimEnd().split('\n');
}

const container = (runtime: 'runc' | 'crun') => `
  mkdir -p /root/${runtime} && cd /root/${runtime} && mkdir -p upper work rootfs
  mount -t overlay -o lowerdir=/srv/busybox,upperdir=upper,workdir=work overlay rootfs
  runc spec
  jq '.process.terminal = false | .process.args = ["echo", "inside"]' config.json >new
  mv new config.json
  ${runtime} run test
  umount rootfs`;

for (const kernel of ['bookworm', 'trixie'] as const) {
  describe(`a machine with the kernel of ${kernel}`, () => {
    let machine: Machine;
    before(async () => {
      machine = await bootMachine({ kernel, commandLine: 'ima_policy=tcb' });
    });
    after(async () => {
      await machine[Symbol.asyncDispose]();
    });

    test('runs that kernel', async () => {
      assert.match(await machine.sh('uname -r'), release[kernel]);
    });

    test('has a measurement list that begins with the boot aggregate and replays to PCR 10', async () => {
      const [first] = await entries(machine);
      assert.match(first ?? '', /^10 [0-9a-f]{40} ima-sig sha256:[0-9a-f]{64} boot_aggregate/);
      assert.doesNotMatch(first ?? '', /sha256:0{64}/, 'what a kernel lists that found no TPM');
      const { exitCode, stdout } = await machine.run(evmctl);
      assert.equal(exitCode, 0, stdout);
      assert.match(stdout, /Matched/i);
    });

    test('measures a file that root reads, once', async () => {
      await machine.sh('echo content >/root/read; cat /root/read; cat /root/read');
      const digest = createHash('sha256').update('content\n').digest('hex');
      const found = (await entries(machine)).filter((line) => line.includes('/root/read'));
      assert.equal(found.length, 1);
      assert.ok(found[0]?.includes(digest));
    });

    test('has a TPM that its programs can extend, and keep a key in', async () => {
      const zeros = '0'.repeat(64);
      await machine.sh(`tpm2_pcrextend --tcti=device:/dev/tpmrm0 14:sha256=${zeros}`);
      const expected = createHash('sha256').update(Buffer.alloc(64)).digest('hex');
      const stdout = await machine.sh('tpm2_pcrread --tcti=device:/dev/tpmrm0 sha256:14');
      assert.match(stdout, new RegExp(expected, 'i'));
      await machine.sh(`
        tpm2_createprimary -Q -C o -c /tmp/key.ctx
        tpm2_evictcontrol -Q -C o -c /tmp/key.ctx 0x81010001`);
    });

    test('runs the program', async () => {
      assert.match(await machine.sh('/opt/oci-measure --version'), /^[0-9]+\.[0-9]+\.[0-9]+$/m);
    });

    test('runs a container by runc, on an overlay', async () => {
      assert.equal(await machine.sh(container('runc')), 'inside\n');
    });

    test('goes on without its TPM: the list grows, the PCR does not, and the kernel says so', async () => {
      await machine.killTpm();
      const script = 'echo more >/root/unextended; cat /root/unextended; dmesg';
      const { stdout } = await machine.run(script);
      assert.match(stdout, /ima: Error Communicating to TPM chip/);
      assert.ok((await entries(machine)).some((line) => line.includes('/root/unextended')));
      assert.notEqual((await machine.run('tpm2_pcrread sha256:10')).exitCode, 0);
    });

    test('keeps its disk and what its TPM keeps over a reboot, and begins a new list', async () => {
      await machine.reboot('ima_policy=tcb ima_template=ima-ng ima_hash=sha1');
      assert.equal(await machine.sh('cat /root/read'), 'content\n');
      assert.match(await machine.sh('tpm2_getcap handles-persistent'), /0x81010001/i);
      const list = await entries(machine);
      assert.match(list[0] ?? '', / ima-ng sha[0-9]+:[0-9a-f]+ boot_aggregate/);
      assert.match(list.find((line) => line.includes('/root/read')) ?? '', / sha1:[0-9a-f]{40} /);
      assert.ok(!list.some((line) => line.includes('/root/unextended')));
      const { exitCode, stdout } = await machine.run(evmctl);
      assert.equal(exitCode, 0, stdout);
    });

    test('takes a policy once: a file on a file system of its own, read by root, is listed', async () => {
      const uuid = '3f1d2f36-7c09-4f0e-9d9e-6f6a1f6f9d11';
      const rule = `measure func=FILE_CHECK mask=^MAY_READ fsname=ext4 fsuuid=${uuid} fowner=65521 template=ima-sig`;
      await machine.sh(`
        truncate -s 8M /root/records.img
        mkfs.ext4 -q -U ${uuid} /root/records.img
        mkdir -p /var/lib/records
        mount -o loop,nosuid,nodev,noexec /root/records.img /var/lib/records
        cd /var/lib/records
        echo ours >ours; chown 65521 ours; echo other >other
        echo '${rule}' >${ima}/policy
        cat ours other /root/read`);
      const [last = ''] = (await entries(machine)).slice(-1);
      const digest = createHash('sha1').update('ours\n').digest('hex');
      assert.ok(last.includes(` ima-sig sha1:${digest} /var/lib/records/ours`), last);
      assert.notEqual((await machine.run(`echo '${rule}' >${ima}/policy`)).exitCode, 0);
    });
  });
}

describe('a machine, whatever its kernel,', () => {
  let machine: Machine;
  before(async () => {
    machine = await bootMachine({ kernel: 'bookworm' });
  });
  after(async () => {
    await machine[Symbol.asyncDispose]();
  });

  test('brings back what a script printed, and its exit code', async () => {
    const result = await machine.run('echo out; echo err >&2; exit 7');
    assert.deepEqual(result, { exitCode: 7, stdout: 'out\n', stderr: 'err\n' });
  });

  test('carries a large file in and out unharmed', async () => {
    const content = Buffer.alloc(5_000_000, createHash('sha512').update('x').digest());
    await machine.copyIn('/root/large file', content);
    assert.deepEqual(await machine.copyOut('/root/large file'), content);
  });

  test('runs a container by crun, on an overlay', async () => {
    assert.equal(await machine.sh(container('crun')), 'inside\n');
  });

  test('runs a container by containerd, of an imported image', async () => {
    const script = `
        containerd >/run/containerd.log 2>&1 &
        until ctr version >/dev/null 2>&1; do sleep 0.2; done
        ctr image import /srv/busybox.tar >&2
        ctr run --rm --snapshotter overlayfs localhost/busybox:latest test echo inside
        kill $!`;
    assert.equal(await machine.sh(script), 'inside\n');
  });

  test('runs a container by podman, of a loaded image', async () => {
    const script = `
        podman load --quiet -i /srv/busybox.tar >&2
        podman run --rm --network none localhost/busybox echo inside`;
    assert.equal(await machine.sh(script), 'inside\n');
  });

  test('says where a script did not end within its time, and is off then', async () => {
    await assert.rejects(machine.run('sleep 1000', 1), /failed at: sleep 1000/);
    await assert.rejects(machine.run('true'));
  });
});
