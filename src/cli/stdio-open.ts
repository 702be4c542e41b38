/** From what was typed to the server that the pipe leads to: the one that was named, or the one of the settings. */
import { type GivenSettings, readConfig, SETTINGS, type SettingName } from '../config.ts'
import { readEnvironment } from '../environment.ts'
import { addressOf, givenUrl } from './client.ts'
import { dataRoot } from './data-dir.ts'
import type { StdioOptions } from './stdio.ts'
import { namedServer } from './stdio-named.ts'
import { ownServer } from './stdio-server.ts'

type StdioFlags = { url: string; 'idle-minutes': number; stay: boolean }

/**
 * Clients start `stdio` in the folder of whatever project is open, and a folder that came from elsewhere must not say what
 * is run or where messages go: the `.env` that counts and relative paths are those of the data root, where the server runs.
 * @throws ConfigError, and CommandError where the settings do not say where the server is
 */
export function openServer(given: { settings: GivenSettings; flags: StdioFlags }): StdioOptions {
  const { settings, flags } = given
  const root = dataRoot()
  const env = readEnvironment(root)
  const named = givenUrl(given)
  if (named !== null) return { openServer: () => namedServer(named), idleMs: null }
  const { authDir } = readConfig({ flags: settings, env, root, base: root })
  const url = addressOf(given, () => env)
  const idleMinutes = flags.stay ? 0 : flags['idle-minutes']
  return {
    idleMs: idleMinutes === 0 ? null : idleMinutes * 60_000,
    openServer: (say) =>
      ownServer({
        url,
        authDir,
        isDirGiven: Boolean((settings.WHATSAPP_AUTH_DIR ?? env.WHATSAPP_AUTH_DIR)?.trim()),
        serveArgs: ['serve', `--idle-minutes=${idleMinutes}`, ...toFlags(settings)],
        cwd: root,
        say,
      }),
  }
}

/** The settings as they are typed; the environment is inherited. */
function toFlags(settings: GivenSettings): string[] {
  return (Object.keys(settings) as SettingName[]).flatMap((name) => {
    const { flag } = SETTINGS[name]
    return flag === null ? [] : [`--${flag}=${settings[name]}`]
  })
}
