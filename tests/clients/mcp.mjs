// The MCP SDK's client against BASE/mcp. usage: node mcp.mjs BASE. Prints what it got, as JSON.
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';

const client = new Client({ name: 'test', version: '1' });
await client.connect(new StreamableHTTPClientTransport(new URL(process.argv[2] + '/mcp')));
const call = (name, args) => client.callTool({ name, arguments: args }); // checks the result against the tool's output schema
console.log(JSON.stringify({
	tools: (await client.listTools()).tools.map(t => t.name),
	search: (await call('search_catalog', { query: 'headphones' })).structuredContent,
	product: (await call('get_product', { id: 'audio/xm5' })).structuredContent,
	lookup: (await call('lookup_catalog', { ids: ['audio/xm5', 'audio/none'] })).structuredContent,
	wrong: (await call('get_product', { id: 'none' })).isError,
}));
await client.close();
