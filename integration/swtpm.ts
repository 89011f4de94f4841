/** The software TPM that every test brings for itself. */
export { type Swtpm, startSwtpm } from '#hook/log/swtpm.fixture';
