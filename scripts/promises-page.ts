/** Writes docs/promises.md: the table of promises with the last figure of each command. */
import { readMeasured } from '../test/soak/measured.ts'
import { PROMISES } from '../test/soak/promises.ts'

/** Returns the page. */
export function promisesPage(): string {
  const measured = readMeasured()
  const rows = PROMISES.map(({ id, promise, command }) => {
    const found = measured[command]
    const without = command.startsWith('npm test') ? 'tested by every run of `npm test`' : 'not yet measured'
    const figure =
      found === undefined ? without : `${found.figure} (${found.at}, ${found.commit}; ${found.on})`
    return `| ${id} | ${promise} | \`${command}\` | ${figure} |`
  })
  return `# Promises

Each promise has a command that measures it against the [simulated WhatsApp](sandbox.md). The figures are those that the commands wrote
(\`--note\`), with the day, the commit and the computer. The tests play a smaller form of a promise that is not yet
measured.

| | promise | command | measured |
|---|---|---|---|
${rows.join('\n')}

Only the owner of a real account can measure two more: 72 hours of use without an unplanned QR code (G23), and sleep, a change of the
network, a phone that is off for a day, unlinking on the phone, and the day of an update of WhatsApp Web (G24).
`
}
