// Flowise: Chatflow > Configuration > Post Processing > JavaScript function. (Flowise streams no answers while it is on.)
const answer = $flow.rawOutput;
try {
	const reply = await fetch('http://127.0.0.1:8080/v1/insert', {
		method: 'POST',
		headers: { 'content-type': 'application/json', authorization: 'Bearer INLAY_KEY' },
		body: JSON.stringify({ question: $flow.input, answer, conversation_id: $flow.chatId }),
		signal: AbortSignal.timeout(2000),
	});
	return reply.ok ? (await reply.json()).answer : answer;
} catch {
	return answer; // never let advertising cost a reader the answer
}
