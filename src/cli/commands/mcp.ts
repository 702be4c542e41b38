/** The commands for MCP clients that start their servers themselves. */
import { z } from 'zod'
import { oneOf } from '../../config.ts'
import { defineCommand } from '../command.ts'
import { CLIENTS } from '../mcp-config-clients.ts'
import { ALL_SETTINGS, account, minutes, server, switchFlag } from './flags.ts'

export const stdio = defineCommand({
  name: 'stdio',
  summary: 'Serve MCP on standard input and output, for clients that start their servers themselves',
  about:
    'Forwards MCP to the running server. Several clients share that server and its WhatsApp session. If no server runs,\nstdio starts one in the background with the same settings; its log is .whatsapp-mcp-api/server.log in the session\ndirectory. With --url (or WHATSAPP_MCP_URL) stdio never starts a server. --toolsets is for this\nclient, not for a server that it starts. To set up a client, use "mcp-config".',
  operands: [],
  settings: ALL_SETTINGS,
  settingsFrom:
    'A name in capitals is the environment variable of the same setting. A flag takes precedence. MCP clients start this\ncommand in any folder, so it reads the .env of the project root (for an installed package: of your data directory) and\nresolves relative paths there. A server that it starts runs there too.',
  flags: {
    ...server,
    account,
    'idle-minutes': minutes('10', 'A server started here stops this many minutes after its last client.'),
    stay: switchFlag('A server started here runs until it is stopped.'),
  },
  examples: [
    ['stdio', 'Connects to the server at the default port, and starts it if needed'],
    ['stdio --url http://127.0.0.1:8890', 'Connects to the sandbox'],
  ],
  exits: [],
  run: async (given) => {
    const { stdioOptions } = await import('../stdio-open.ts')
    return (await import('../stdio.ts')).stdio(stdioOptions(given))
  },
})

export const mcpConfig = defineCommand({
  name: 'mcp-config',
  summary: 'Print the configuration that an MCP client needs, or write it into the client’s file',
  about: `CLIENT is one of: ${Object.keys(CLIENTS).join(', ')}.\nStandard output contains only the line or the entry. The\nentry includes your settings that differ from the defaults. --install keeps the style and comments of the file and\nwrites a backup beside it. It does not change a file that it cannot edit safely. An existing entry of this program\nkeeps your additions; an entry of another program is replaced.`,
  operands: ['CLIENT'],
  settings: ALL_SETTINGS,
  flags: {
    transport: {
      takes: 'KIND',
      schema: z.union([z.literal(''), oneOf(['stdio', 'http'])], 'stdio or http'),
      fallback: '',
      help: 'stdio or http. stdio: the client starts the command "stdio", which starts the server if needed. http: the server must run already. Default: stdio (n8n: http).',
    },
    name: {
      takes: 'NAME',
      schema: z.string().regex(/^[\w-]{0,40}$/, 'up to 40 letters, digits, - and _'),
      fallback: '',
      help: 'Name of the server in the client. Default: whatsapp, or whatsapp-ID for the account ID.',
    },
    install: switchFlag("Write the entry into the client's file."),
    ...server,
    account,
  },
  examples: [
    ['mcp-config claude-code', 'Prints a command to run'],
    ['mcp-config claude-desktop --install', 'Writes the entry into the file of Claude Desktop'],
    ['mcp-config cursor --transport http --port 9000', 'Prints an entry with the URL of the server'],
  ],
  exits: [],
  run: async (given) => {
    const [client = ''] = given.operands
    return (await import('../mcp-config.ts')).mcpConfig(client, given)
  },
})
