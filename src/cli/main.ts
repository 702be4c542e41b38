/** The program. Checks the version of Node first, before it loads code that an old version cannot parse. */
import { isNodeSupported, oldNode } from '../version.ts'

if (isNodeSupported(process.versions.node)) {
  // The reader of the output may close it (`| head`).
  process.stdout.on('error', () => {})
  const { runCommandLine } = await import('./command-line.ts')
  const code = await runCommandLine(process.argv.slice(2))
  // On Windows, writes to a pipe are asynchronous.
  process.stdout.write('', () => process.exit(code))
} else {
  const { says, next } = oldNode(process.versions.node)
  process.stderr.write(`${says}\n${next}\n`)
  process.exitCode = 1
}
