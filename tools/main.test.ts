import assert from 'node:assert/strict';
import { readFileSync, rmSync } from 'node:fs';
import { describe, test } from 'node:test';
import { execa } from 'execa';
import { mainFile, makeTestDirectory, nodeOptions, run, runOnTerminal } from './program.fixture.ts';

const ESCAPE = '\u001b';
const COMMANDS = ['hook', 'digest', 'diff', 'containers', 'log', 'install', 'uninstall', 'doctor'];

/** The program's own modules and packages that a run loads, by the end of their paths. */
async function modulesLoadedBy(args: readonly string[]): Promise<readonly string[]> {
  const spy = `
    import { registerHooks } from 'node:module';
    import { writeSync } from 'node:fs';
    registerHooks({ load(url, context, next) { writeSync(3, url + '\\n'); return next(url, context); } });`;
  const { stdio } = await execa(
    process.execPath,
    [
      ...nodeOptions,
      '--import',
      `data:text/javascript,${encodeURIComponent(spy)}`,
      mainFile,
      ...args,
    ],
    { reject: false, stdio: ['ignore', 'pipe', 'pipe', 'pipe'], lines: true },
  );
  const loaded = stdio[3];
  assert.ok(Array.isArray(loaded));
  return loaded.map(String).filter((url) => url.startsWith('file:'));
}

describe('oci-measure --version', () => {
  test('is the version of package.json', async () => {
    const { version } = JSON.parse(
      readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
    );
    assert.deepEqual(await run(['--version']), { exitCode: 0, stdout: `${version}\n`, stderr: '' });
    assert.equal((await run(['doctor', '--version'])).stdout, `${version}\n`);
  });

  test('loads next to nothing', async () => {
    const names = (await modulesLoadedBy(['--version'])).map((url) => url.replace(/.*\//, ''));
    const loaded = ['errors.ts', 'main.ts', 'output.ts', 'system-error-code.ts', 'version.ts'];
    assert.deepEqual(names.toSorted(), loaded);
  });
});

describe('oci-measure hook', () => {
  test('does not load what only people need', async () => {
    const loaded = await modulesLoadedBy(['hook', 'poststop']);
    assert.ok(loaded.some((url) => url.endsWith('/hook/main.ts')));
    assert.deepEqual(
      loaded.filter((url) => /commander|ajv|\/tools\/(?:commands|command-line)/.test(url)),
      [],
    );
  });

  test('has nothing to do after the start and after the end', async () => {
    for (const stage of ['poststart', 'poststop']) {
      assert.deepEqual(await run(['hook', stage]), { exitCode: 0, stdout: '', stderr: '' });
    }
  });

  test('does not let a container start on arguments that make no sense', async () => {
    const senseless = [
      ['hook', '--confg', '/x'],
      ['hook', '--config'],
      ['hook', '--config='],
      ['hook', '--config', '/a', '--config', '/b'],
      ['hook', 'createRuntime', 'prestart'],
      ['hook', ''],
    ];
    for (const args of senseless) {
      const { exitCode, stdout, stderr } = await run(args);
      assert.deepEqual([exitCode, stdout], [2, ''], args.join(' '));
      assert.match(stderr, /^oci-measure: error: hook: .+\noci-measure: hint: .+\n$/);
    }
    for (const stage of ['createContainer', 'start']) {
      assert.equal((await run(['hook', stage])).exitCode, 1, stage);
    }
  });

  test('reads the same configuration wherever --config stands', async () => {
    for (const args of [
      ['hook', '--config', '/nowhere.toml', 'createRuntime'],
      ['hook', 'createRuntime', '--config=/nowhere.toml'],
      ['--config', '/nowhere.toml', 'hook', 'createRuntime'],
    ]) {
      const { exitCode, stderr } = await run(args);
      assert.equal(exitCode, 1);
      assert.match(stderr, /"\/nowhere\.toml" is not there/);
    }
  });
});

describe('oci-measure digest', () => {
  test('loads nothing for a directory that only other sources need', async () => {
    const directory = makeTestDirectory('main');
    try {
      const loaded = await modulesLoadedBy(['digest', directory]);
      assert.ok(loaded.some((url) => url.endsWith('/digest/rootfs.ts')));
      const needless = /\/digest\/(?:tar|layers|blobs|images|json)\/|\/tools\/diff|tar-stream|ajv/;
      assert.deepEqual(
        loaded.filter((url) => needless.test(url)),
        [],
      );
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  test('starts no thread for a listing', async () => {
    const loaded = await modulesLoadedBy(['digest', 'listing:/nowhere']);
    assert.ok(loaded.some((url) => url.endsWith('/digest/listing-file.ts')));
    const threads = /\/(?:hash-threads|layer-threads|worker-thread)\.ts$/;
    assert.deepEqual(
      loaded.filter((url) => threads.test(url)),
      [],
    );
  });

  test('loads nothing for an image that only directories need', async () => {
    const loaded = await modulesLoadedBy(['digest', 'oci:/nowhere']);
    assert.ok(loaded.some((url) => url.endsWith('/digest/images/digest-image.ts')));
    const needless = /\/digest\/(?:rootfs|walk|hash-threads|content-hasher)\.ts$|\/tools\/diff|ajv/;
    assert.deepEqual(
      loaded.filter((url) => needless.test(url)),
      [],
    );
  });
});

describe('oci-measure', () => {
  test('suggests the command that was meant', async () => {
    assert.deepEqual(await run(['digets']), {
      exitCode: 2,
      stdout: '',
      stderr:
        "oci-measure: error: unknown command 'digets'\noci-measure: hint: did you mean `digest`?\n",
    });
  });

  test('says how it is used when it is not told what to do', async () => {
    const { exitCode, stdout, stderr } = await run([]);
    assert.deepEqual([exitCode, stdout], [2, '']);
    assert.match(stderr, /^Usage: oci-measure /);
  });

  const senseless = [
    ['--nonsense'],
    ['digest'],
    ['digest', 'a', 'b'],
    ['digest', 'a', '--json', '--listing'],
    ['containers', 'a', 'b'],
    ['containers', '--nonsense'],
    ['log', 'a'],
    ['log', '--format', 'cel-json'],
    ['doctor', 'a'],
    ['doctor', '--config'],
    ['digest', ''],
    ['digest', 'oci:'],
    ['digest', 'oci:x:'],
    ['digest', '/', '--semantics', 'docker'],
    ['digest', 'oci:x', '--semantics', 'Docker'],
    ['digest', 'oci:x', '--platform', 'amd64'],
    ['diff', '/'],
    ['diff', '/', ''],
    ['diff', '/', '/', '/'],
    ['diff', '/', '/', '--platform', 'linux/amd64'],
    ['diff', '/', '/', '--listing'],
  ];
  for (const args of senseless) {
    test(`${JSON.stringify(args.join(' '))} is a usage error`, async () => {
      const { exitCode, stdout, stderr } = await run(args);
      assert.deepEqual([exitCode, stdout], [2, '']);
      assert.match(stderr, /^oci-measure: error: .+\n/);
      assert.doesNotMatch(stderr, /\n\s+at /);
    });
  }

  test('an argument cannot steer the terminal', async () => {
    const { stderr } = await run(['\u001b[2Jlog\nforged']);
    assert.match(stderr, /unknown command '\\x1b\[2Jlog\\x0aforged'/);
  });

  for (const command of COMMANDS) {
    test(`${command} --help explains it with examples`, async () => {
      const { exitCode, stdout, stderr } = await run([command, '--help']);
      assert.deepEqual([exitCode, stderr], [0, '']);
      assert.match(stdout, new RegExp(`^Usage: oci-measure ${command} `));
      assert.match(stdout, /--config <FILE>/);
      assert.match(stdout, new RegExp(`\nExamples:\n  oci-measure ${command}.*  # `));
      assert.equal((await run(['help', command])).stdout, stdout);
    });
  }

  test('help is plain where nobody looks, and in colour on a terminal unless NO_COLOR is set', async () => {
    assert.ok(!(await run(['--help'])).stdout.includes(ESCAPE));
    assert.ok((await runOnTerminal(['--help'], { TERM: 'xterm' })).includes(`${ESCAPE}[1mUsage:`));
    assert.ok(!(await runOnTerminal(['--help'], { NO_COLOR: '1' })).includes(ESCAPE));
  });
});
