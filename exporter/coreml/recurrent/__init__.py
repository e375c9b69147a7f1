"""What LSTM, GRU and RNN share: directions, lengths, initial states, activations, the loop over time."""
