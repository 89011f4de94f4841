import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { asFunction, makeCodeCache, PROGRAM_NAME } from './code-cache.ts';

const PARENT = '/var/lib/oci-measure-test';
const OPTIONS = ['--disable-warning=ExperimentalWarning', '--max-opt=2', '--random-seed=1'];
/** Ends as the executable does. */
const PROGRAM = asFunction(`
  const called = () => process.argv.slice(2);
  const signature = { _exit: { arguments: ['i32'], return: 'void' } };
  called();
  require('node:ffi').dlopen(null, signature).functions._exit(0);
`);

let work = '';
let cache: Buffer = Buffer.alloc(0);

before(async () => {
  mkdirSync(PARENT, { recursive: true });
  work = mkdtempSync(`${PARENT}/code-cache-`);
  cache = await makeIn('first');
  writeFileSync(`${work}/cache`, cache);
  writeFileSync(`${work}/program`, PROGRAM);
});

after(() => {
  rmSync(work, { recursive: true, force: true });
});

async function makeIn(name: string): Promise<Buffer> {
  mkdirSync(`${work}/${name}`);
  return await makeCodeCache(`${work}/${name}`, PROGRAM, OPTIONS);
}

function isBelieved(options: readonly string[]): string {
  const script = `
    const { readFileSync } = require('node:fs');
    const cachedData = readFileSync('cache');
    const options = { filename: '${PROGRAM_NAME}', cachedData };
    console.log(!new (require('node:vm').Script)(readFileSync('program', 'latin1'), options).cachedDataRejected);
  `;
  return execFileSync(process.execPath, [...options, '-e', script], {
    cwd: work,
    encoding: 'utf8',
  }).trim();
}

describe('makeCodeCache', () => {
  test('makes what V8 believes under the same options', () => {
    assert.equal(isBelieved(OPTIONS), 'true');
  });

  test('makes what V8 does not believe under others', () => {
    assert.equal(isBelieved([]), 'false');
  });

  test('makes the same bytes again', async () => {
    assert.ok((await makeIn('second')).equals(cache));
  });
});
