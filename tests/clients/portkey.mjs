// A chat completion through the real Portkey gateway, with BASE as its webhook and UPSTREAM behind it. usage: node portkey.mjs BASE UPSTREAM
// Prints the answer's text.
import { spawn } from 'node:child_process';
import net from 'node:net';

const [base, upstream] = process.argv.slice(2);
const port = await new Promise(resolve => {
	const s = net.createServer().listen(0, '127.0.0.1', () => { const p = s.address().port; s.close(() => resolve(p)); });
});
const gateway = spawn(process.execPath, ['node_modules/@portkey-ai/gateway/build/start-server.js', `--port=${port}`, '--headless'], { stdio: 'ignore' });
const config = {
	provider: 'openai', api_key: 'k', custom_host: upstream + '/v1',
	after_request_hooks: [{ id: 'links', type: 'guardrail', checks: [{ id: 'default.webhook', parameters: { webhookURL: base + '/hooks/portkey', headers: {} } }] }],
};
const ask = () => fetch(`http://127.0.0.1:${port}/v1/chat/completions`, {
	method: 'POST', headers: { 'content-type': 'application/json', 'x-portkey-config': JSON.stringify(config) },
	body: JSON.stringify({ model: 'fake', messages: [{ role: 'user', content: 'best headphones?' }] }),
});
try {
	for (let i = 0; ; i++) {
		try {
			console.log((await (await ask()).json()).choices[0].message.content);
			break;
		} catch (e) {
			if (i === 100) throw e;
			await new Promise(resolve => setTimeout(resolve, 100)); // it is still starting
		}
	}
} finally {
	gateway.kill();
}
