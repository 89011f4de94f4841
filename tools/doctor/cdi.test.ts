import assert from 'node:assert/strict';
import { chmodSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { cdiText } from '#tools/install/docker/cdi';
import { makeTestDirectory } from '#tools/program.fixture';
import { checkCdi } from './cdi.ts';
import type { Finding } from './finding.ts';

let home: string;
let file: string;
let executable: string;
before(() => {
  home = makeTestDirectory('cdi');
  file = join(home, 'oci-measure.json');
  executable = join(home, 'oci-measure');
  writeFileSync(executable, '#!/bin/sh\n', { mode: 0o755 });
});
after(() => rmSync(home, { recursive: true }));

function check(text: string): readonly Finding[] {
  writeFileSync(file, text);
  return checkCdi({ config: { file: undefined, deadline: 90 }, executable }, file);
}

function installed(timeout = 100): string {
  return cdiText({ config: undefined, timeout, executable });
}

describe('checkCdi', () => {
  test('finds nothing wrong with what install writes', () => {
    const [finding, ...others] = check(installed());
    assert.deepEqual(others, []);
    assert.equal(finding?.status, 'ok');
  });

  test('says nothing where there is no such file', () => {
    const setup = { config: { file: undefined, deadline: 90 }, executable };
    assert.deepEqual(checkCdi(setup, join(home, 'nowhere.json')), []);
  });

  const broken: readonly (readonly [title: string, text: () => string, found: RegExp])[] = [
    ['text that is no JSON', () => '{', /JSON/],
    ['no device', () => '{"devices": []}', /no device with the hook/],
    ['a list of nothing', () => '{"devices": [null, 1, {"containerEdits": []}]}', /no device/],
    ['a timeout that is too short', () => installed(50), /timeout 50, so/],
    ['no env', () => installed().replace(/"env": \[[^\]]*\]/, '"env": []'), /no env, so/],
    [
      'a stage at which nothing is measured',
      () => installed().replace('"hookName": "createRuntime"', '"hookName": "poststop"'),
      /at none of which/,
    ],
  ];
  for (const [title, text, found] of broken) {
    test(`finds ${title}`, () => {
      const [finding] = check(text());
      assert.equal(finding?.status, 'problem');
      assert.match(finding.found, found);
    });
  }

  test('finds a file that others can change', () => {
    writeFileSync(file, installed());
    chmodSync(file, 0o666);
    assert.match(check(installed())[0]?.found ?? '', /writable by others/);
  });
});
