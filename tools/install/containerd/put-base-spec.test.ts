import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { type BaseSpecKey } from './base-spec-key.ts';
import { newConfiguration } from './block.ts';
import { withBaseSpec } from './put-base-spec.ts';
import { withoutBaseSpecs } from './take-base-specs.ts';
import { readToml } from './toml-file.ts';

const TABLE = 'plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc';
const key: BaseSpecKey = {
  table: ['plugins', 'io.containerd.grpc.v1.cri', 'containerd', 'runtimes', 'runc'],
  baseSpec: '/etc/containerd/oci-measure-base-spec.json',
  settings: ['runtime_type = "io.containerd.runc.v2"'],
  subTables: [{ key: 'options', lines: ['SystemdCgroup = true'] }],
};
const put = (text: string): string => withBaseSpec(text, 'config.toml', key);
const take = (text: string): string | undefined => withoutBaseSpecs(text, 'config.toml');

describe('base_runtime_spec in a text', () => {
  for (const [what, text] of [
    ['nothing', ''],
    ['no last line end', 'version = 2'],
    ['a blank end', 'version = 2\n\n\n'],
    ['carriage returns', 'version = 2\r\n[x]\r\n'],
    ['a table at the end, without a line end', `[${TABLE}]`],
    ['a table with a comment', `[${TABLE}] # x\n\n# y\n`],
    ['a table below tables of its own', `[${TABLE}.options]\nSystemdCgroup = true\n`],
    ['a value of its own', `[${TABLE}]\nbase_runtime_spec='/x.json' # mine\n`],
    ['an inline table', `${TABLE} = { runtime_type = "io.containerd.runc.v2" }\n`],
    ['an empty inline table', `${TABLE} = {}\n`],
    [
      'an inline table above',
      `plugins."io.containerd.grpc.v1.cri" = { containerd = { runtimes = { } } }`,
    ],
    [
      'dotted keys within an inline table',
      `plugins = { "io.containerd.grpc.v1.cri".containerd.runtimes.runc.runtime_type = "x", y = 1 }`,
    ],
    ['a dotted key at the end', `${TABLE}.runtime_type = "x"`],
  ] as const) {
    test(`where there is ${what} comes and goes`, () => {
      const made = put(text);
      assert.match(made, /oci-measure-base-spec\.json/);
      assert.equal(take(made), text);
    });
  }

  test('is not told twice', () => {
    const once = put('version = 2\n');
    assert.equal(put(take(once) ?? ''), once);
  });

  test('leaves a table of ours to whoever wrote into it', () => {
    const made = put('version = 2\n').replace('SystemdCgroup = true', 'SystemdCgroup = false');
    const left = take(made) ?? '';
    assert.match(left, /SystemdCgroup = false/);
    assert.match(left, /runtime_type/);
    assert.doesNotMatch(left, /oci-measure/);
  });

  test('leaves a table of ours to whoever goes on behind it', () => {
    const left = take(`${put('version = 2\n')}    ShimCgroup = "/x"\n`) ?? '';
    assert.match(left, /\.options\]\n\s+SystemdCgroup = true\n\s+ShimCgroup = "\/x"\n$/);
    assert.doesNotMatch(left, /oci-measure/);
  });

  test('that somebody gave another value stays', () => {
    const text = `[${TABLE}]\nbase_runtime_spec = ""\n`;
    const edited = put(text).replace(key.baseSpec, '/theirs.json');
    assert.equal(take(edited), `[${TABLE}]\nbase_runtime_spec = "/theirs.json"\n`);
  });

  test('keeps what somebody writes around it', () => {
    const made = put(`[${TABLE}]\nruntime_type = "x"\n`);
    const edited = made
      .replace('runtime_type = "x"', '# why\nruntime_type = "y"')
      .replace('# oci-measure', '# what?');
    assert.equal(take(edited), `[${TABLE}]\n# why\nruntime_type = "y"\n`);
  });

  test('makes a file that goes with it, unless somebody wrote into that', () => {
    const made = newConfiguration(2, [key]);
    assert.equal(take(made), undefined);
    const left = take(`${made}[debug]\nlevel = "info"\n`) ?? '';
    assert.match(left, /^version = 2$/m);
    assert.match(left, /^\[debug\]\nlevel = "info"$/m);
    assert.doesNotMatch(left, /oci-measure/);
  });
});

/** A handler of one runtime in every notation that TOML has, between whatever else is written. */
const notations = (name: string): readonly string[] => {
  const top = 'plugins."io.containerd.grpc.v1.cri".containerd.runtimes';
  const type = `runtime_type = "io.containerd.runc.v2"`;
  return [
    `[${top}.${name}]\n${type}\n`,
    `  [ ${top} . "${name}" ] # x\n\n    ${type} # y\n  [${top}.'${name}'.options]\n`,
    `[${top}.${name}.options]\nx = [\n  1, # [\n]\n`,
    `[${top}.${name}]\nbase_runtime_spec = '''/x.json'''\n`,
    `[${top}.${name}]\n\t"base_runtime_spec"=""#\n\t${type}\n`,
    `[${top}]\n${name} = {${type}}\n`,
    `[${top}]\n${name}.${type}\n${name}.options = { x = """\n[y]\n""" }\n`,
    `[${top}]\n  ${name} = { options = { x = {} }, base_runtime_spec = "/y.json" } # z\n`,
  ];
};
const others = ['', '\n', '# [x]\n', '#\n\n  # "\n'];

test('base_runtime_spec comes and goes wherever it is written', () => {
  const oneOf = (texts: readonly string[]) => fc.constantFrom(...texts);
  fc.assert(
    fc.property(
      oneOf(others),
      oneOf(notations('runc')),
      oneOf(others),
      oneOf(['\n', '\r\n']),
      fc.boolean(),
      fc.boolean(),
      (before, table, behind, newline, endsInLine, isMade) => {
        const text = `version = 2\n${before}${table}${behind}`.replace(endsInLine ? '' : /\n$/, '');
        const lines = text.replaceAll('\n', newline);
        const names = isMade ? ['runc', 'other'] : ['runc'];
        const made = names.reduce(
          (so, name) =>
            withBaseSpec(so, 'config.toml', { ...key, table: [...key.table.slice(0, -1), name] }),
          lines,
        );
        assert.equal(readToml(made, 'made').text, made);
        assert.equal(take(made), lines);
      },
    ),
    { numRuns: 400 },
  );
});
