// An upstream without a model: OpenAI chat completions and responses, Anthropic messages. usage: node fake.mjs PORT (0 picks one; it is printed)
// What it answers is said by the last user's message: "... @@{"wire":1,"chunk":3}@@".
//   text, chunk (characters a delta), n, finish, tools, reasoning, logprobs, annotations, obfuscation, status, retry_after, gzip (whole answers)
//   error_at, abort_at (event), wire (bytes a write), crlf, ping (a comment every so many events), done (false: no [DONE])
import http from 'node:http';
import zlib from 'node:zlib';

const TEXT = 'For travel I like the Sony WH-1000XM5 – they are light \u{1F3A7} and quiet.\n\nAlso try the [Bose QC Ultra](https://example.org/bose).\n';
const DEFAULTS = { text: TEXT, chunk: 5, n: 1, finish: 'stop' };

const pieces = (text, size) => {
	const points = [...text], out = [];
	for (let i = 0; i < points.length; i += size) out.push(points.slice(i, i + size).join(''));
	return out;
};
const textOf = content => typeof content === 'string' ? content : (content ?? []).map(part => part.text ?? '').join('');
const lastAsked = body => {
	if (typeof body.input === 'string') return body.input;
	return textOf((body.input ?? body.messages ?? []).filter(m => m.role === 'user').at(-1)?.content);
};
const optionsOf = body => ({ ...DEFAULTS, ...(body.n ? { n: body.n } : {}), ...JSON.parse(/@@(\{.*\})@@/s.exec(lastAsked(body))?.[1] ?? '{}') });

// ---- chat completions
const usage = text => ({ prompt_tokens: 12, completion_tokens: Math.ceil(text.length / 4), total_tokens: 12 + Math.ceil(text.length / 4) });
const logprobs = text => ({ content: [...text].map(c => ({ token: c, logprob: -0.1, bytes: [...Buffer.from(c)], top_logprobs: [] })), refusal: null });
const citations = o => (o.annotations ?? []).map(a => ({ type: 'url_citation', url_citation: a }));
const head = body => ({ id: 'chatcmpl-fake1', created: 1700000000, model: body.model ?? 'fake' });
const call = args => ({ index: 0, function: { arguments: args } });
const CALLS = [{ index: 0, id: 'call_1', type: 'function', function: { name: 'lookup', arguments: '' } }, call('{"q":'), call('"shoes"}')];

function* completionEvents(body, o) {
	const base = { object: 'chat.completion.chunk', ...head(body), system_fingerprint: 'fp_fake' };
	const counted = body.stream_options?.include_usage;
	const chunk = (index, delta, finish_reason = null, probs = null) => ({
		...base, choices: [{ index, delta, logprobs: probs, finish_reason }], ...(counted ? { usage: null } : {}), ...(o.obfuscation ? { obfuscation: 'xYz123' } : {}),
	});
	for (let i = 0; i < o.n; i++) yield chunk(i, { role: 'assistant', content: '', refusal: null });
	for (const p of pieces(o.reasoning ?? '', o.chunk)) yield chunk(0, { reasoning_content: p });
	for (const p of pieces(o.text, o.chunk))
		for (let i = 0; i < o.n; i++) yield chunk(i, { content: p }, null, o.logprobs || body.logprobs ? logprobs(p) : null);
	if (o.annotations) yield chunk(0, { annotations: citations(o) });
	for (const t of o.tools ? CALLS : []) yield chunk(0, { tool_calls: [t] });
	for (let i = 0; i < o.n; i++) yield chunk(i, {}, o.tools ? 'tool_calls' : o.finish);
	if (counted) yield { ...base, choices: [], usage: usage(o.text) };
}

function completion(body, o) {
	const called = { tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'lookup', arguments: '{"q":"shoes"}' } }] };
	const message = { role: 'assistant', content: o.text, refusal: null, annotations: citations(o), ...(o.tools ? called : {}) };
	const choice = index => ({ index, message, logprobs: body.logprobs ? logprobs(o.text) : null, finish_reason: o.tools ? 'tool_calls' : o.finish });
	return { object: 'chat.completion', ...head(body), choices: Array.from({ length: o.n }, (_, i) => choice(i)), usage: usage(o.text) };
}

// ---- responses
const spent = { input_tokens: 12, input_tokens_details: { cached_tokens: 0 }, output_tokens: 9, output_tokens_details: { reasoning_tokens: 0 }, total_tokens: 21 };
const part = (o, text) => ({ type: 'output_text', text, annotations: text ? (o.annotations ?? []).map(a => ({ type: 'url_citation', ...a })) : [], logprobs: [] });
const item = (o, status) => ({ type: 'message', id: 'msg_1', status, role: 'assistant', content: status === 'completed' ? [part(o, o.text)] : [] });
const response = (body, o, status = 'completed') => ({
	id: 'resp_fake1', object: 'response', created_at: 1700000000, status, model: body.model ?? 'fake', output: status === 'completed' ? [item(o, status)] : [],
	usage: status === 'completed' ? spent : null, error: null, incomplete_details: null, instructions: null, metadata: {}, tools: [], tool_choice: 'auto',
	parallel_tool_calls: true, temperature: 1, top_p: 1,
});

function* responseEvents(body, o) {
	let number = 0;
	const event = (type, rest) => ({ type, sequence_number: number++, ...rest });
	const at = { item_id: 'msg_1', output_index: 0, content_index: 0 };
	yield event('response.created', { response: response(body, o, 'in_progress') });
	yield event('response.in_progress', { response: response(body, o, 'in_progress') });
	yield event('response.output_item.added', { output_index: 0, item: item(o, 'in_progress') });
	yield event('response.content_part.added', { ...at, part: part(o, '') });
	for (const delta of pieces(o.text, o.chunk)) yield event('response.output_text.delta', { ...at, delta, logprobs: [] });
	for (const [annotation_index, annotation] of part(o, o.text).annotations.entries())
		yield event('response.output_text.annotation.added', { ...at, annotation_index, annotation });
	yield event('response.output_text.done', { ...at, text: o.text, logprobs: [] });
	yield event('response.content_part.done', { ...at, part: part(o, o.text) });
	yield event('response.output_item.done', { output_index: 0, item: item(o, 'completed') });
	yield event('response.completed', { response: response(body, o) });
}

// ---- messages
const message = (body, o) => ({
	id: 'msg_fake1', type: 'message', role: 'assistant', model: body.model ?? 'fake', content: [{ type: 'text', text: o.text, citations: null }],
	stop_reason: 'end_turn', stop_sequence: null, usage: { input_tokens: 12, output_tokens: 9 },
});

function* messageEvents(body, o) {
	yield { type: 'message_start', message: { ...message(body, o), content: [], stop_reason: null, usage: { input_tokens: 12, output_tokens: 1 } } };
	yield { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } };
	yield { type: 'ping' };
	for (const text of pieces(o.text, o.chunk)) yield { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } };
	yield { type: 'content_block_stop', index: 0 };
	yield { type: 'message_delta', delta: { stop_reason: 'end_turn', stop_sequence: null }, usage: { output_tokens: 9 } };
	yield { type: 'message_stop' };
}

// ---- the wire
const ROUTES = {
	'/v1/chat/completions': { events: completionEvents, whole: completion, done: true },
	'/v1/responses': { events: responseEvents, whole: response, named: true },
	'/v1/messages': { events: messageEvents, whole: message, named: true },
};
const error = (message, type) => ({ error: { message, type, param: null, code: null } });
const tick = () => new Promise(resolve => setTimeout(resolve, 0));

function sendJson(res, status, value, headers = {}) {
	const bytes = Buffer.from(JSON.stringify(value));
	res.writeHead(status, { 'content-type': 'application/json', ...headers });
	res.end(headers['content-encoding'] ? zlib.gzipSync(bytes) : bytes);
}

async function sendStream(res, route, body, o) {
	const nl = o.crlf ? '\r\n' : '\n';
	const put = async text => {
		const bytes = Buffer.from(text + nl + nl), size = o.wire ?? bytes.length;
		for (let at = 0; at < bytes.length; at += size) {
			res.write(bytes.subarray(at, at + size));
			if (o.wire) await tick();
		}
	};
	res.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache', 'x-request-id': 'req_fake1' });
	let i = 0;
	for (const event of route.events(body, o)) {
		if (res.destroyed || i === o.abort_at) return res.destroy();
		if (i === o.error_at) {
			await put('data: ' + JSON.stringify(error('scripted mid-stream', 'server_error')));
			return res.end();
		}
		if (o.ping && i % o.ping === 0) await put(': keep-alive');
		await put((route.named ? `event: ${event.type}${nl}` : '') + 'data: ' + JSON.stringify(event));
		i++;
	}
	if (route.done && o.done !== false) await put('data: [DONE]');
	return res.end();
}

const server = http.createServer(async (req, res) => {
	const chunks = [];
	for await (const c of req) chunks.push(c);
	const route = ROUTES[req.url.split('?')[0]];
	if (req.url === '/v1/models') return sendJson(res, 200, { object: 'list', data: [{ id: 'fake', object: 'model', created: 1700000000, owned_by: 'fake' }] });
	if (!route) return sendJson(res, 404, error('no such route', 'invalid_request_error'));
	const body = JSON.parse(Buffer.concat(chunks).toString()), o = optionsOf(body), id = { 'x-request-id': 'req_fake1' };
	if (o.status) {
		const after = o.retry_after ? { 'retry-after': String(o.retry_after) } : {};
		return sendJson(res, o.status, error('scripted', o.status === 429 ? 'rate_limit_error' : 'server_error'), { ...id, ...after });
	}
	if (body.stream) return sendStream(res, route, body, o);
	return sendJson(res, 200, route.whole(body, o), o.gzip ? { ...id, 'content-encoding': 'gzip' } : id);
});
server.listen(Number(process.argv[2] ?? 0), '127.0.0.1', () => console.log(server.address().port));
