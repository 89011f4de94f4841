/** Algorithm and value: `sha256:` and 64 lower-case hexadecimal digits. */
export type DigestText = `sha256:${string}`;
