/** The manifest of the .mcpb bundle (github.com/anthropics/mcpb, MANIFEST.md), derived from the tables. */
import { toolName } from '../src/faces/mcp/words.ts'
import { OPERATIONS } from '../src/operations/index.ts'

/** The fields of package.json that the bundle uses. */
export type Package = {
  name: string
  version: string
  description: string
  license: string
  mcpName: string
  keywords: string[]
  engines: { node: string }
}

/** Path of the program in the bundle. */
export const ENTRY = 'server/index.mjs'

/** Returns `manifest.json`, version 0.3. */
export function createManifest({ name, version, description, license, keywords, engines }: Package): object {
  return {
    manifest_version: '0.3',
    name,
    display_name: 'WhatsApp',
    version,
    description,
    long_description:
      'Connects to the server on this computer, which runs the WhatsApp session. Start the server with "whatsapp-mcp-api serve" and link your account with "whatsapp-mcp-api auth" (in a checkout: npm start, npm run auth). Messages stay on this computer, except those that you let your assistant read.\n\nAn unofficial client, not affiliated with WhatsApp or Meta.',
    author: { name },
    license,
    keywords,
    server: {
      type: 'node',
      entry_point: ENTRY,
      mcp_config: {
        command: 'node',
        // biome-ignore lint/suspicious/noTemplateCurlyInString: the app that installs the bundle replaces these
        args: ['${__dirname}/server/index.mjs'],
        // biome-ignore lint/suspicious/noTemplateCurlyInString: likewise
        env: { WHATSAPP_MCP_URL: '${user_config.url}', WHATSAPP_API_KEY_FILE: '${user_config.key_file}' },
      },
    },
    // Those that are on without a setting. `tools_generated`: there are more.
    tools: OPERATIONS.flatMap((operation) => {
      const tool = toolName(operation)
      const isOn = operation.toolset === null || operation.toolset === 'core'
      return tool === null || !isOn ? [] : [{ name: tool, description: operation.title }]
    }),
    tools_generated: true,
    prompts_generated: true,
    user_config: {
      url: {
        type: 'string',
        title: 'Address of the server',
        description: 'The address of whatsapp-mcp-api on this computer.',
        default: 'http://127.0.0.1:8790',
        required: true,
      },
      key_file: {
        type: 'string',
        title: 'Key file',
        description:
          'Path of a file that contains a key of the server. Leave it empty if the server requires none.',
        default: '',
        required: false,
      },
    },
    compatibility: { platforms: ['darwin', 'win32', 'linux'], runtimes: { node: engines.node } },
  }
}
