/** From what was typed to the server that the pipe leads to: the one that was named, or the one of the settings. */
import { type GivenSettings, ownEnvironment, readConfig, SETTINGS, type SettingName } from '../config.ts'
import { addressOf, givenUrl } from './client.ts'
import { dataRoot } from './data-dir.ts'
import type { StdioOptions } from './stdio.ts'
import { namedServer } from './stdio-named.ts'
import { ownServer } from './stdio-server.ts'

type StdioFlags = { url: string; 'idle-minutes': number; stay: boolean }

/**
 * Clients start `stdio` in the folder of whatever project is open, and a folder that came from elsewhere must not say what
 * is run or where messages go: its `.env` is not read, and no path lies under it.
 * @throws ConfigError, and CommandError where the settings do not say where the server is
 */
export function openServer(given: { settings: GivenSettings; flags: StdioFlags }): StdioOptions {
  const { settings, flags } = given
  const env = ownEnvironment()
  const named = givenUrl(given, env)
  // People copy the address of the endpoint.
  if (named !== null) return { openServer: () => namedServer(named.replace(/\/mcp$/, '')), idleMs: null }
  const root = dataRoot()
  const { host, port, authDir } = readConfig({ flags: settings, env, root, base: root })
  const url = addressOf(given, env)
  const idleMinutes = flags.stay ? 0 : flags['idle-minutes']
  // Said in any case: where it is looked for, the server is, whatever the `.env` that it reads says.
  const place = { WHATSAPP_MCP_HOST: host, WHATSAPP_MCP_PORT: String(port), WHATSAPP_AUTH_DIR: authDir }
  return {
    idleMs: idleMinutes === 0 ? null : idleMinutes * 60_000,
    openServer: (say) =>
      ownServer({
        url,
        authDir,
        isDirGiven: Boolean((settings.WHATSAPP_AUTH_DIR ?? env.WHATSAPP_AUTH_DIR)?.trim()),
        serveArgs: ['serve', `--idle-minutes=${idleMinutes}`, ...toFlags({ ...settings, ...place })],
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
