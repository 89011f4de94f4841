import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { type Front, frontText, isFront, readFrontRecord, withoutHook } from './front.ts';

const PARENT = '/var/lib/oci-measure-test';
/** Every POSIX shell that is here; Debian's /bin/sh is dash. */
const SHELLS = ['/bin/dash', '/bin/bash'].filter(
  (shell) => spawnSync(shell, ['-c', '']).status === 0,
);

let work = '';

before(() => {
  mkdirSync(PARENT, { recursive: true });
  work = mkdtempSync(`${PARENT}/front '$x`);
  // Each writes what it was called with, NUL between the words.
  const recorder = (name: string, exit: string): void => {
    const script = `#!/bin/sh\nprintf '%s\\0' "$@" >>'${work.replaceAll("'", String.raw`'\''`)}/${name}.called'\n${exit}\n`;
    writeFileSync(`${work}/${name}`, script, { mode: 0o755 });
  };
  recorder('oci-measure', `echo noise; [ -z "$REFUSE" ] || { echo refused >&2; exit 1; }`);
  recorder('runtime', 'echo said; /bin/cat; exit 7');
  recorder('named', 'exit 3');
});
after(() => rmSync(work, { recursive: true, force: true }));

function makeFront(change: Partial<Front> = {}): Front {
  return {
    record: { file: '/etc/docker/daemon.json', defaultRuntime: null, hadRuntimes: false },
    runtime: [`${work}/runtime`],
    entry: { path: `${work}/oci-measure`, args: ["it's", '"$x"'], env: [], timeout: 100 },
    ...change,
  };
}

interface Called {
  readonly front?: Front;
  readonly shell?: string;
  readonly env?: Readonly<Record<string, string>>;
}

function call(args: readonly string[], { front = makeFront(), shell, env = {} }: Called = {}) {
  const path = `${work}/front`;
  writeFileSync(path, frontText(front));
  chmodSync(path, 0o755);
  for (const name of ['oci-measure', 'runtime', 'named'])
    rmSync(`${work}/${name}.called`, { force: true });
  const [file, words] = shell === undefined ? [path, args] : [shell, [path, ...args]];
  const ended = spawnSync(file, words, {
    encoding: 'utf8',
    env: { PATH: work, ...env },
    input: 'input',
  });
  return { ...ended, hook: calledWith('oci-measure'), runtime: calledWith('runtime') };
}

function calledWith(name: string): readonly string[] | undefined {
  try {
    return readFileSync(`${work}/${name}.called`, 'utf8').split('\0').slice(0, -1);
  } catch {
    return undefined;
  }
}

const ODD = ['', ' ', 'a b', '*', '$HOME', '`id`', "'", '"', '\\', '\n', '--', '-n', 'é', '#', '~'];

for (const shell of SHELLS) {
  describe(`under ${shell}`, () => {
    for (const subcommand of ['create', 'run', 'restore']) {
      test(`${subcommand} adds the hook, then goes to the runtime`, () => {
        const args = ['--log', '/l', subcommand, '--bundle', '/b', ...ODD];
        const { hook, runtime, status, stdout, stderr } = call(args, { shell });
        assert.deepEqual(hook, ['add-hook', JSON.stringify(makeFront().entry), ...args]);
        assert.deepEqual(runtime, args);
        assert.deepEqual([status, stdout, stderr], [7, 'said\ninput', '']);
      });

      test(`${subcommand} starts nothing where the hook cannot be added`, () => {
        const { runtime, status, stdout, stderr } = call([subcommand], {
          shell,
          env: { REFUSE: '1' },
        });
        assert.equal(runtime, undefined);
        assert.deepEqual([status, stdout, stderr], [1, '', 'refused\n']);
      });
    }

    for (const args of [
      ['state', 'id'],
      ['exec', '--process', '/p', 'id'],
      ['features'],
      [],
      ODD,
    ]) {
      test(`${JSON.stringify(args)} goes to the runtime alone`, () => {
        const { hook, runtime, status, stdout, stderr } = call(args, { shell });
        assert.equal(hook, undefined);
        assert.deepEqual(runtime, args.length === 0 ? [''] : args);
        assert.deepEqual([status, stdout, stderr], [7, 'said\ninput', '']);
      });
    }

    test('no container starts while the executable is missing, and why is said', () => {
      const entry = { path: `${work}/gone`, args: [], env: [], timeout: 1 };
      const log = `${work}/log.json`;
      const args = ['--root', '--log', '--log', log, '--log-format', 'json', 'create', '--log'];
      const { runtime, status, stderr } = call(args, { shell, front: makeFront({ entry }) });
      assert.equal(runtime, undefined);
      assert.equal(status, 1);
      assert.match(stderr, /gone is missing: install it again/);
      const { level, msg } = JSON.parse(readFileSync(log, 'utf8'));
      rmSync(log);
      assert.deepEqual([level, `${msg}\n`], ['error', stderr]);
    });

    test("the runtime's own arguments come first, and the hook is told of them", () => {
      const front = makeFront({ runtime: [`${work}/runtime`, '--root', "it's"] });
      const { hook, runtime } = call(['create', 'id'], { shell, front });
      assert.deepEqual(hook?.slice(2), ['--root', "it's", 'create', 'id']);
      assert.deepEqual(runtime, ['--root', "it's", 'create', 'id']);
    });

    test('a runtime that is a name is found by PATH', () => {
      assert.equal(call(['state'], { shell, front: makeFront({ runtime: ['named'] }) }).status, 3);
    });

    test('a descriptor that is passed on reaches the runtime', () => {
      const front = makeFront({ runtime: ['/bin/sh', '-c', '/bin/cat <&3', 'sh'] });
      writeFileSync(`${work}/front`, frontText(front));
      const script = `exec 3<<'END'\nby descriptor\nEND\nexec "$1" "$2" create`;
      const { stdout } = spawnSync('/bin/sh', ['-c', script, 'sh', shell, `${work}/front`], {
        encoding: 'utf8',
      });
      assert.equal(stdout, 'by descriptor\n');
    });
  });
}

test('a front that was removed from under a container only hands over', () => {
  const text = withoutHook(frontText(makeFront({ runtime: ['/usr/bin/crun', '--debug'] })));
  assert.ok(isFront(text));
  assert.equal(readFrontRecord(text), undefined);
  assert.deepEqual(
    text.split('\n').filter((line) => line !== '' && !line.startsWith('#')),
    ['exec /usr/bin/crun --debug "$@"'],
  );
  assert.equal(withoutHook(text), text);
});

test('what a front remembers is what it was given', () => {
  const record = {
    file: "/etc/it's/daemon.json",
    defaultRuntime: '"a\\nb"',
    hadRuntimes: true,
    empty: '{\r\n}\n',
  };
  assert.deepEqual(readFrontRecord(frontText(makeFront({ record }))), record);
});

test("somebody else's file is no front", () => {
  assert.ok(!isFront('#!/bin/sh\nexec runc "$@"\n'));
  assert.ok(!isFront(undefined));
});
