/** The table of clients: how each is told of a server, and where it keeps that. */
import { readdirSync } from 'node:fs'
import { posix, win32 } from 'node:path'
import type { Place } from './data-dir.ts'
import type { Entry, Transport } from './mcp-config-entry.ts'

/** The file in which a client keeps its servers. */
export type ConfigFile = {
  format: 'json' | 'jsonc' | 'toml'
  /** The member that holds the servers by name. */
  member: string
  path(place: Place): string
}

export type McpClient = {
  title: string
  /** The first is used where none is asked for. */
  transports: readonly Transport[]
  /** Our entry as this client writes it. */
  entry(entry: Entry): Record<string, unknown>
  /** What to type where the client has a command for it; else the entry is shown as it stands in the file. */
  command?: (name: string, entry: Entry) => string[]
  /** What is printed where there is no file; left out: the entry. */
  pasted?: (name: string, entry: Entry, ours: Record<string, unknown>) => object
  /** How that is written; left out: JSON. */
  format?: 'yaml'
  /** Null: it keeps none that another program could write. */
  file: ConfigFile | null
  /** What to do with what was printed, where there is no file. */
  use?: string
  /** What to do once it is written. */
  next: string
}

const plainEntry = (entry: Entry): Record<string, unknown> =>
  entry.transport === 'http' ? { url: entry.url } : { command: entry.command, args: entry.args }
const typedEntry = (entry: Entry): Record<string, unknown> => ({
  type: entry.transport,
  ...plainEntry(entry),
})

/** As Gemini CLI and Qwen Code have it: `url` would be an endpoint of the old SSE transport there. */
const httpUrlEntry = (entry: Entry): Record<string, unknown> =>
  entry.transport === 'http' ? { httpUrl: entry.url } : plainEntry(entry)

/**
 * Where files are: code.claude.com/docs (user scope), modelcontextprotocol.io/quickstart/user, cursor.com/docs/mcp,
 * code.visualstudio.com/docs/copilot/reference/mcp-configuration, openai/codex docs/config.md; of the others beside each.
 */
export const CLIENTS: Record<string, McpClient> = {
  'claude-code': {
    title: 'Claude Code',
    transports: ['stdio', 'http'],
    entry: typedEntry,
    command: (name, entry) => {
      const add = ['claude', 'mcp', 'add', '--scope', 'user']
      return entry.transport === 'http'
        ? [...add, '--transport', 'http', name, entry.url]
        : [...add, name, '--', entry.command, ...entry.args]
    },
    file: {
      format: 'json',
      member: 'mcpServers',
      path: ({ home, env, platform }) => pathOf(platform).join(env.CLAUDE_CONFIG_DIR || home, '.claude.json'),
    },
    next: 'Start Claude Code anew; /mcp shows the server.',
  },
  'claude-desktop': {
    title: 'Claude Desktop',
    // Servers by address are connectors, which its maker's cloud calls: that cannot reach this computer.
    transports: ['stdio'],
    entry: plainEntry,
    file: { format: 'json', member: 'mcpServers', path: claudeDesktopFile },
    next: 'Quit Claude Desktop (closing its window is not enough) and start it again.',
  },
  cursor: {
    title: 'Cursor',
    transports: ['stdio', 'http'],
    entry: plainEntry,
    file: {
      format: 'jsonc',
      member: 'mcpServers',
      path: ({ home, platform }) => pathOf(platform).join(home, '.cursor', 'mcp.json'),
    },
    next: 'Switch the server on in the settings of Cursor, under MCP.',
  },
  vscode: {
    title: 'VS Code',
    transports: ['stdio', 'http'],
    entry: typedEntry,
    file: {
      format: 'jsonc',
      member: 'servers',
      path: (place) => pathOf(place.platform).join(userConfig(place), 'Code', 'User', 'mcp.json'),
    },
    next: 'Start the server in VS Code: "MCP: List Servers" in the command palette.',
  },
  codex: {
    title: 'Codex',
    transports: ['stdio', 'http'],
    entry: plainEntry,
    command: (name, entry) =>
      entry.transport === 'http'
        ? ['codex', 'mcp', 'add', name, '--url', entry.url]
        : ['codex', 'mcp', 'add', name, '--', entry.command, ...entry.args],
    file: {
      format: 'toml',
      member: 'mcp_servers',
      path: ({ home, env, platform }) => {
        const { join } = pathOf(platform)
        return join(env.CODEX_HOME || join(home, '.codex'), 'config.toml')
      },
    },
    next: 'Start Codex anew; "codex mcp list" shows the server.',
  },
  // geminicli.com/docs/tools/mcp-server, user scope; its settings file may have comments.
  gemini: {
    title: 'Gemini CLI',
    transports: ['stdio', 'http'],
    entry: httpUrlEntry,
    file: { format: 'jsonc', member: 'mcpServers', path: inHome('.gemini', 'settings.json') },
    next: 'Start Gemini CLI anew; /mcp shows the server.',
  },
  // qwenlm.github.io/qwen-code-docs/en/users/features/mcp, user scope.
  qwen: {
    title: 'Qwen Code',
    transports: ['stdio', 'http'],
    entry: httpUrlEntry,
    file: { format: 'jsonc', member: 'mcpServers', path: inHome('.qwen', 'settings.json') },
    next: 'Start Qwen Code anew; /mcp shows the server.',
  },
  // opencode.ai/v1/docs/mcp-servers; version 2 reads that form too (opencode.ai/docs/migrate-v1).
  opencode: {
    title: 'OpenCode',
    transports: ['stdio', 'http'],
    entry: (entry) =>
      entry.transport === 'http'
        ? { type: 'remote', url: entry.url }
        : { type: 'local', command: [entry.command, ...entry.args] },
    file: { format: 'jsonc', member: 'mcp', path: opencodeFile },
    next: 'Start OpenCode anew; "opencode mcp list" shows the server.',
  },
  // docs.windsurf.com/windsurf/cascade/mcp
  windsurf: {
    title: 'Windsurf',
    transports: ['stdio', 'http'],
    entry: (entry) => (entry.transport === 'http' ? { serverUrl: entry.url } : plainEntry(entry)),
    file: { format: 'json', member: 'mcpServers', path: inHome('.codeium', 'windsurf', 'mcp_config.json') },
    next: 'Refresh the MCP servers of Cascade in Windsurf.',
  },
  // zed.dev/docs/ai/mcp, zed.dev/docs/configuring-zed
  zed: {
    title: 'Zed',
    transports: ['stdio', 'http'],
    entry: plainEntry,
    file: { format: 'jsonc', member: 'context_servers', path: zedFile },
    next: 'The settings of the Agent Panel in Zed show the server.',
  },
  // lmstudio.ai/docs/app/mcp: the notation of Cursor.
  'lm-studio': {
    title: 'LM Studio',
    transports: ['stdio', 'http'],
    entry: plainEntry,
    file: { format: 'json', member: 'mcpServers', path: inHome('.lmstudio', 'mcp.json') },
    next: 'Switch the server on in LM Studio, under Program.',
  },
  // librechat.ai/docs/configuration/librechat_yaml/object_structure/mcp_servers and …/mcp_settings: private addresses are
  // refused unless they are listed. JSON is YAML too.
  librechat: {
    title: 'LibreChat',
    transports: ['stdio', 'http'],
    entry: (entry) =>
      entry.transport === 'http'
        ? { type: 'streamable-http', url: entry.url }
        : { type: 'stdio', command: entry.command, args: entry.args },
    pasted: (name, entry, ours) => ({
      ...(entry.transport === 'http' ? { mcpSettings: { allowedAddresses: [new URL(entry.url).host] } } : {}),
      mcpServers: { [name]: ours },
    }),
    format: 'yaml',
    file: null,
    use: 'Put it into librechat.yaml, beside what it has under the same names, and restart LibreChat. LibreChat must run on this\ncomputer as the same user: a container does not reach the server.',
    next: '',
  },
  n8n: {
    title: 'n8n',
    transports: ['http'],
    // A node that can be pasted into a workflow.
    entry: (entry) => ({
      nodes: [
        {
          name: 'WhatsApp',
          type: '@n8n/n8n-nodes-langchain.mcpClientTool',
          typeVersion: 1.1,
          position: [0, 0],
          parameters: {
            endpointUrl: entry.transport === 'http' ? entry.url : '',
            serverTransport: 'httpStreamable',
            authentication: 'none',
          },
        },
      ],
      connections: {},
    }),
    file: null,
    use: 'Paste it into a workflow, and connect the node to an AI Agent as its tool. The server must run, and n8n on the same computer\nas the same user.',
    next: '',
  },
}

/** A file in a folder of the user's own, on every system. */
function inHome(...parts: string[]): ConfigFile['path'] {
  return ({ home, platform }) => pathOf(platform).join(home, ...parts)
}

/** Below ~/.config on every system (npm:xdg-basedir). Either name is read, and comments in both. */
function opencodeFile({ home, env, platform }: Place): string {
  const { join } = pathOf(platform)
  const folder = join(env.XDG_CONFIG_HOME || join(home, '.config'), 'opencode')
  return join(folder, namesIn(folder).find((name) => name === 'opencode.jsonc') ?? 'opencode.json')
}

/** On macOS in ~/.config too. */
function zedFile(place: Place): string {
  const { platform, home } = place
  if (platform === 'win32') return win32.join(userConfig(place), 'Zed', 'settings.json')
  const config = platform === 'darwin' ? posix.join(home, '.config') : userConfig(place)
  return posix.join(config, 'zed', 'settings.json')
}

function pathOf(platform: NodeJS.Platform): typeof posix {
  return platform === 'win32' ? win32 : posix
}

/** Where programs keep what their user set. */
function userConfig({ platform, home, env }: Place): string {
  if (platform === 'win32') return env.APPDATA || win32.join(home, 'AppData', 'Roaming')
  if (platform === 'darwin') return posix.join(home, 'Library', 'Application Support')
  return posix.isAbsolute(env.XDG_CONFIG_HOME ?? '')
    ? String(env.XDG_CONFIG_HOME)
    : posix.join(home, '.config')
}

/**
 * On Windows it comes as a package since 2026, and packages see a folder of their own in the place of the usual one
 * (anthropics/claude-code#26073): what is written to the usual one is never read.
 */
function claudeDesktopFile(place: Place): string {
  const { platform, home, env } = place
  const { join } = pathOf(platform)
  const name = 'claude_desktop_config.json'
  if (platform === 'win32') {
    const packages = join(env.LOCALAPPDATA || join(home, 'AppData', 'Local'), 'Packages')
    const own = namesIn(packages).find((folder) => folder.startsWith('Claude_'))
    if (own !== undefined) return join(packages, own, 'LocalCache', 'Roaming', 'Claude', name)
  }
  return join(userConfig(place), 'Claude', name)
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}
