/** Chooses the server of the pipe from the arguments: the one whose URL was given, or the one of the settings. */
import { type GivenSettings, readConfig, SETTINGS, type SettingName } from '../config.ts'
import { readEnvironment } from '../environment.ts'
import { accountPath } from '../model/account-paths.ts'
import { addressOf, givenUrl, splitAddress } from './client.ts'
import { clientKey } from './client-key.ts'
import { dataRoot } from './data-dir.ts'
import type { StdioOptions } from './stdio.ts'
import { namedServer } from './stdio-named.ts'
import { ownServer } from './stdio-server.ts'
import { toolsetsQuery } from './toolsets-query.ts'

type StdioFlags = { url: string; 'key-file': string; account: string; 'idle-minutes': number; stay: boolean }

/**
 * Returns what `stdio` needs: the server, the endpoint and the key.
 * Clients start `stdio` in the folder of the open project. A downloaded folder must not define programs to run or redirect
 * messages. Therefore `.env` and relative paths are those of the data root, where the server runs.
 * `--toolsets` is for this client: a server that is started serves others too.
 * @throws ConfigError, and CommandError if the settings do not determine the server's URL
 */
export function stdioOptions(given: { settings: GivenSettings; flags: StdioFlags }): StdioOptions {
  const { WHATSAPP_MCP_TOOLSETS: toolsets, ...settings } = given.settings
  const { flags } = given
  const root = dataRoot()
  const env = readEnvironment(root)
  const named = givenUrl(given)
  const { url: server, account } = splitAddress(named ?? '', flags.account)
  const endpoint = `${accountPath('/mcp', account)}${toolsetsQuery(toolsets)}`
  const key = clientKey({
    file: flags['key-file'],
    isNamed: named !== null,
    settings,
    env: () => env,
    base: root,
  })
  if (named !== null) return { openServer: () => namedServer(server), endpoint, key, idleMs: null }
  const { authDir } = readConfig({ flags: settings, env, root, base: root })
  const url = addressOf(given, () => env)
  const idleMinutes = flags.stay ? 0 : flags['idle-minutes']
  return {
    endpoint,
    key,
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

/** Returns the settings as flags. The server inherits the environment. */
function toFlags(settings: GivenSettings): string[] {
  return (Object.keys(settings) as SettingName[]).flatMap((name) => {
    const { flag } = SETTINGS[name]
    return flag === null ? [] : [`--${flag}=${settings[name]}`]
  })
}
