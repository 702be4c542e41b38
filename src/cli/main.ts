/** The program. A Node that is too old ends here, in a sentence, before anything is loaded that it may not understand. */
import { isNodeSupported, oldNode } from '../version.ts'

if (isNodeSupported(process.versions.node)) {
  // Whoever reads the output may stop doing so (`| head`).
  process.stdout.on('error', () => {})
  const { runCommandLine } = await import('./command-line.ts')
  const code = await runCommandLine(process.argv.slice(2))
  // On Windows what was written to a pipe is still on its way.
  process.stdout.write('', () => process.exit(code))
} else {
  const { says, next } = oldNode(process.versions.node)
  process.stderr.write(`${says}\n${next}\n`)
  process.exitCode = 1
}
