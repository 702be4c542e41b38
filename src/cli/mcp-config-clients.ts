/** The table of MCP clients: the entry of a server in each client's configuration, and the file that contains it. */
import { readdirSync } from 'node:fs'
import { posix, win32 } from 'node:path'
import type { Place } from './data-dir.ts'
import type { Entry, Transport } from './mcp-config-entry.ts'

/** The configuration file of a client. */
export type ConfigFile = {
  format: 'json' | 'jsonc' | 'toml'
  /** The member that contains the servers by name. */
  member: string
  path(place: Place): string
}

export type McpClient = {
  title: string
  /** The supported transports. The first is the default. */
  transports: readonly Transport[]
  /** Returns the entry in this client's format. */
  entry(entry: Entry): Record<string, unknown>
  /** Returns the client's command that adds the server, if it has one. Otherwise the entry is printed. */
  command?: (name: string, entry: Entry) => string[]
  /** Returns what is printed if the client has no file. Default: the entry. */
  pasted?: (name: string, entry: Entry, ours: Record<string, unknown>) => object
  /** The format of the output. Default: JSON. */
  format?: 'yaml'
  /** Null if the client has no file that another program can write. */
  file: ConfigFile | null
  /** What to do with the output, if the client has no file. */
  use?: string
  /** The next step after the file is written. */
  next: string
}

const plainEntry = (entry: Entry): Record<string, unknown> =>
  entry.transport === 'http' ? { url: entry.url } : { command: entry.command, args: entry.args }
const typedEntry = (entry: Entry): Record<string, unknown> => ({
  type: entry.transport,
  ...plainEntry(entry),
})

/** The entry of Gemini CLI and Qwen Code. There, `url` is an endpoint of the old SSE transport. */
const httpUrlEntry = (entry: Entry): Record<string, unknown> =>
  entry.transport === 'http' ? { httpUrl: entry.url } : plainEntry(entry)

/**
 * Sources of the file locations: code.claude.com/docs (user scope), modelcontextprotocol.io/quickstart/user,
 * cursor.com/docs/mcp, code.visualstudio.com/docs/copilot/reference/mcp-configuration, openai/codex docs/config.md. The
 * sources of the other clients are beside each row.
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
    next: 'Restart Claude Code. /mcp shows the server.',
  },
  'claude-desktop': {
    title: 'Claude Desktop',
    // Servers with a URL are connectors. The vendor's cloud calls them, and cannot reach this computer.
    transports: ['stdio'],
    entry: plainEntry,
    file: { format: 'json', member: 'mcpServers', path: claudeDesktopFile },
    next: 'Quit Claude Desktop (closing the window is not enough), then start it again.',
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
    next: 'Enable the server in the settings of Cursor, under MCP.',
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
    next: 'Restart Codex. "codex mcp list" shows the server.',
  },
  // geminicli.com/docs/tools/mcp-server, user scope; its settings file may have comments.
  gemini: {
    title: 'Gemini CLI',
    transports: ['stdio', 'http'],
    entry: httpUrlEntry,
    file: { format: 'jsonc', member: 'mcpServers', path: inHome('.gemini', 'settings.json') },
    next: 'Restart Gemini CLI. /mcp shows the server.',
  },
  // qwenlm.github.io/qwen-code-docs/en/users/features/mcp, user scope.
  qwen: {
    title: 'Qwen Code',
    transports: ['stdio', 'http'],
    entry: httpUrlEntry,
    file: { format: 'jsonc', member: 'mcpServers', path: inHome('.qwen', 'settings.json') },
    next: 'Restart Qwen Code. /mcp shows the server.',
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
    next: 'Restart OpenCode. "opencode mcp list" shows the server.',
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
    next: 'Enable the server in LM Studio, under Program.',
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
    use: 'Merge this into librechat.yaml, then restart LibreChat. LibreChat must run on this computer as the same user: a\ncontainer cannot reach the server.',
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
    use: 'Paste this into a workflow, and connect the node to an AI Agent as a tool. The server must run, and n8n must run on this\ncomputer as the same user.',
    next: '',
  },
}

/** Returns the path of a file in the home directory, on every system. */
function inHome(...parts: string[]): ConfigFile['path'] {
  return ({ home, platform }) => pathOf(platform).join(home, ...parts)
}

/** The file of OpenCode: in ~/.config on every system (npm:xdg-basedir). OpenCode reads both names, with comments. */
function opencodeFile({ home, env, platform }: Place): string {
  const { join } = pathOf(platform)
  const folder = join(env.XDG_CONFIG_HOME || join(home, '.config'), 'opencode')
  return join(folder, namesIn(folder).find((name) => name === 'opencode.jsonc') ?? 'opencode.json')
}

/** The file of Zed: on macOS also in ~/.config. */
function zedFile(place: Place): string {
  const { platform, home } = place
  if (platform === 'win32') return win32.join(userConfig(place), 'Zed', 'settings.json')
  const config = platform === 'darwin' ? posix.join(home, '.config') : userConfig(place)
  return posix.join(config, 'zed', 'settings.json')
}

function pathOf(platform: NodeJS.Platform): typeof posix {
  return platform === 'win32' ? win32 : posix
}

/** Returns the directory for user settings of programs. */
function userConfig({ platform, home, env }: Place): string {
  if (platform === 'win32') return env.APPDATA || win32.join(home, 'AppData', 'Roaming')
  if (platform === 'darwin') return posix.join(home, 'Library', 'Application Support')
  return posix.isAbsolute(env.XDG_CONFIG_HOME ?? '')
    ? String(env.XDG_CONFIG_HOME)
    : posix.join(home, '.config')
}

/**
 * The file of Claude Desktop. On Windows it is a package since 2026. Packages have a redirected folder
 * (anthropics/claude-code#26073), so Claude Desktop does not read the usual one.
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
