/** `whatsapp-mcp-api doctor`: checks everything that a start needs, and prints a next step for each problem. */
import { type Config, type GivenSettings, serverUrl } from '../config.ts'
import { isLoopback } from '../loopback.ts'
import type { Status } from '../model/status.ts'
import { listenerAt } from '../same-user.ts'
import { openApi } from './client.ts'
import { writeBundle } from './doctor-bundle.ts'
import { apiOf, type Finding, type Situation } from './doctor-check.ts'
import { CHECKS } from './doctor-checks.ts'
import { thisMachine } from './doctor-machine.ts'
import { CommandError, EXIT } from './exit-codes.ts'
import { keyFileOf, readKey } from './read-key.ts'
import { splitAccount } from './server-url.ts'
import { jsonLines, printable } from './terminal.ts'
import { identifyListener } from './who-answers.ts'
import { inWords } from './words.ts'

export type DoctorFlags = { json: boolean; url: string; 'key-file': string; bundle: string }

/**
 * Prints the findings. Resolves with exit code 1 if one is a problem. `read` returns the settings, with `more` replacing
 * the given ones. `given` returns them as text, for the bundle. `url` is the server whose directory, browser and port are checked; empty: those of the settings.
 * @throws CommandError if no server responds there or the bundle cannot be written, ConfigError if the server is on another computer
 */
export async function doctor(
  read: (more: GivenSettings) => Config,
  { json, url: address, 'key-file': file, bundle }: DoctorFlags,
  given: () => GivenSettings,
): Promise<number> {
  const { url } = splitAccount(address)
  const named = readKey(keyFileOf(file), null)
  const config = read(url === '' ? {} : await settingsOf(url, read, named))
  const isOurs = url === '' && listenerAt(serverUrl(config.host, config.port)) === 'ours'
  // Without --url, only a process of this user gets a key.
  const key = url !== '' ? named : isOurs ? (named ?? ownKey(config)) : null
  const machine = thisMachine()
  const answering = await identifyListener(config, key)
  const findings = await examine({ config, machine, key, answering })
  const problems = findings.filter(({ level }) => level === 'problem').length
  process.stdout.write(
    json
      ? jsonLines({ ok: problems === 0, findings })
      : render(findings, serverUrl(config.host, config.port)),
  )
  const code = problems === 0 ? EXIT.ok : EXIT.failed
  if (bundle === '') return code
  const api = answering.who === 'server' ? apiOf({ config, key }) : null
  const written = await writeBundle(bundle, { config, machine, answering, findings, given: given(), api })
  process.stderr.write(`Wrote ${printable(written)}. Read it before you share it.\n`)
  return code
}

/** Returns the key of the settings; null if there is none, or if it cannot be used, which a check explains. */
function ownKey({ accessKey }: Config): string | null {
  try {
    return readKey(accessKey, null)
  } catch (error) {
    if (error instanceof CommandError) return null
    throw error
  }
}

/** Returns the settings of a running server. */
async function settingsOf(
  url: string,
  read: (more: GivenSettings) => Config,
  key: string | null,
): Promise<GivenSettings> {
  const { hostname, port, protocol } = new URL(url)
  const host = hostname.replace(/^\[|\]$/g, '')
  if (!isLoopback(host))
    throw new CommandError(
      `${host} is not a loopback address, and doctor checks the files of this computer.`,
      'Run doctor on the computer of the server.',
      EXIT.wrongSetting,
    )
  const place = {
    WHATSAPP_MCP_HOST: host,
    WHATSAPP_MCP_PORT: port || (protocol === 'https:' ? '443' : '80'),
  }
  read(place)
  const { auth_dir, chrome_executable, headless } = await openApi({ url, isNamed: true, key }).get<Status>(
    '/api/status',
  )
  return {
    ...place,
    WHATSAPP_AUTH_DIR: auth_dir,
    WHATSAPP_CHROME_EXECUTABLE: chrome_executable,
    WHATSAPP_HEADLESS: String(headless),
  }
}

/** Runs every check, in the order of the list. Never rejects, and changes nothing. */
export async function examine(situation: Situation): Promise<Finding[]> {
  return Promise.all(
    CHECKS.map(async ({ name, run }) => {
      try {
        return { check: name, ...(await run(situation)) }
      } catch (error) {
        return {
          check: name,
          level: 'problem' as const,
          says: `The check failed: ${error instanceof Error ? error.message : error}.`,
          next: 'Run doctor as the user that runs the server.',
        }
      }
    }),
  )
}

function render(findings: readonly Finding[], url: string): string {
  const lines = findings.flatMap(({ check, level, says, next }) => [
    `${level.padEnd(9)}${check.padEnd(12)} ${printable(says)}`,
    ...(next === null ? [] : [`${' '.repeat(21)} → ${inWords(printable(next), url)}`]),
  ])
  const count = (level: Finding['level'], one: string) => {
    const n = findings.filter((finding) => finding.level === level).length
    return n === 0 ? [] : [`${n} ${one}${n === 1 ? '' : 's'}`]
  }
  const sum = [...count('problem', 'problem'), ...count('warning', 'warning')].join(', ')
  return `${lines.join('\n')}\n\n${sum === '' ? 'No problems found.' : `${sum}.`}\n`
}
