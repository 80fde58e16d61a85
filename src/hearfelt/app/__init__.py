"""The service: HTTP and WebSocket around a recognizer, and the web page. `hearfelt serve` starts it.

It needs the extra ``serve`` (FastAPI, uvicorn, python-multipart).
"""
